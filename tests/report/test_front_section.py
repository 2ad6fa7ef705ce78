"""A sweep with several objectives on the page, in tables, in exports and in W&B."""

import csv
import re

import optuna
import pytest
from report_worlds import swept_to_a_front

from hydra_llm.report.comparison import compare_sweeps, compare_trials
from hydra_llm.report.export import to_csv, to_optuna
from hydra_llm.report.page import render
from hydra_llm.report.paper_tree import draw_paper_tree
from hydra_llm.report.sections import front
from hydra_llm.report.tree_figure import draw_tree
from hydra_llm.report.trial_text import trial_text
from hydra_llm.report.wandb_run import _front_progress
from hydra_llm.search.log.reader import read_sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return swept_to_a_front(tmp_path_factory.mktemp("front") / "s", "cost", "gain")


def test_two_objectives_are_one_plane_with_every_trial_and_the_line_of_the_front(sweep):
    (plane,) = front.planes(sweep)
    marks = [int(n) for n in re.findall(r'data-trial="(\d+)"', plane)]
    members = [member.number for member in sweep.state.front]
    assert sorted(marks) == sorted([*(n for n in range(12) if n != 3), *members])
    assert plane.count('class="line"') == 1
    assert "cost (smaller is better)" in plane
    assert "gain (larger is better)" in plane


def test_three_objectives_are_three_planes_without_a_line(tmp_path):
    planes = front.planes(swept_to_a_front(tmp_path / "s", "cost", "gain", "time"))
    assert len(planes) == 3
    assert not any('class="line"' in plane for plane in planes)


def test_the_line_gives_up_the_first_objective_before_it_gains_the_second():
    assert front._steps([(0.0, 5.0), (2.0, 3.0)]) == [(0.0, 5.0), (2.0, 5.0), (2.0, 3.0)]


def test_the_page_says_what_is_sought_and_marks_the_front_in_table_and_tree(sweep):
    page = render(sweep)
    assert "<title>toy: cost, gain</title>" in page
    assert "minimize cost, maximize gain" in page
    assert 'id="front"' in page
    assert page.count(" front") >= len(sweep.state.front)
    assert page.count("nearest to the ideal point</span>") == 2  # in the table, and in the legend of the tree
    (nearest,) = (row for row in front.rows(sweep) if row.is_nearest)
    assert nearest.number == sweep.state.best().number


def test_a_page_with_one_objective_has_no_front(sweep_folder):
    page = render(read_sweep(sweep_folder))
    assert 'id="front"' not in page
    assert "Pareto" not in page.split('type="application/json"')[0].split("</style>")[1]


def test_both_figures_of_the_tree_are_drawn(sweep, tmp_path):
    draw_tree(tmp_path / "tree.png", sweep.state, sweep.settings, [])
    assert (tmp_path / "tree.png").stat().st_size > 10_000
    drawn = draw_paper_tree(tmp_path / "paper.svg", sweep, labels="none").read_text()
    golden = len(re.findall(r"stroke: #c98a00", drawn))
    assert golden == len(sweep.state.front) + 1  # and one in the legend


def test_a_study_of_optuna_has_the_same_front(sweep, tmp_path):
    storage = f"sqlite:///{tmp_path / 'o.db'}"
    study = optuna.load_study(study_name=to_optuna(sweep, storage), storage=storage)
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert {t.number for t in study.best_trials} == {member.number for member in sweep.state.front}


def test_tables_say_which_trials_are_on_the_front(sweep, tmp_path):
    members = {member.number for member in sweep.state.front}
    with to_csv(sweep, tmp_path / "t.csv").open() as file:
        marked = {int(row["trial"]) for row in csv.DictReader(file) if row["on_front"] == "True"}
    assert marked == members
    _, rows = compare_trials(sweep, [sweep.state.trials[n] for n in (0, 1)])
    assert ("on the Pareto front", *("yes" if n in members else "no" for n in (0, 1))) in rows
    facts = dict(compare_sweeps([sweep])[1])
    assert facts["configurations on the Pareto front"] == str(len(members))
    assert facts["direction"] == "minimize, maximize"


def test_a_trial_is_told_by_its_objectives(sweep):
    number = sweep.state.front[0].number
    text = trial_text(sweep, sweep.state.trials[number])
    cost, gain = sweep.state.front[0].values
    assert f"cost={cost:.4g}, gain={gain:.4g} · on the Pareto front" in text


def test_wandb_gets_each_objective_under_its_own_name(sweep):
    rows = list(_front_progress(sweep))
    assert len(rows) == 11
    assert rows[0]["front/size"] == 1.0
    assert rows[-1]["front/size"] == len(sweep.state.front)
    assert {"cost", "gain"} <= set(rows[0])
