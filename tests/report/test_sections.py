"""Numbers of single sections against the records that they come from."""

import json
import re
from dataclasses import replace

import pytest
from report_worlds import Scientist, finish, settings

from hydra_llm.report.sections import cost, curve, parameters, records, summary, texts
from hydra_llm.report.thumbnails import pictures
from hydra_llm.report.timeline import timeline
from hydra_llm.report.trial_text import TRIALS
from hydra_llm.search.log.events import Asked, ModelCall, Question, Session, SessionSettings
from hydra_llm.search.log.reader import read_sweep, settings_of, space_of
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.sample import student
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study


@pytest.fixture(scope="module")
def sweep(sweep_folder):
    return read_sweep(sweep_folder)


def test_a_space_read_back_is_the_space_that_was_declared(sweep):
    declared = settings(1).space
    assert space_of(declared.spec()) == declared
    assert sweep.settings.space.hash == declared.hash


def test_settings_read_back_are_those_of_the_latest_session(sweep):
    assert (sweep.settings.n_trials, sweep.settings.n_iter_block, sweep.settings.task) == (60, 20, "train")
    assert sweep.settings.thresholds == settings(1).thresholds
    older = [replace(e, settings=SessionSettings()) if isinstance(e, Session) else e for e in sweep.events]
    assert settings_of(sweep.header, older).task == "train"  # a log of a version that recorded none
    assert settings_of(sweep.header, older).thresholds is None


def test_steps_count_results_and_every_search_trial_is_told_at_one(sweep):
    when = timeline(sweep.events)
    assert when.steps == 60
    assert sorted(when.order) == sorted(sweep.state.search)
    assert all(when.asked[number] < when.told[number] for number in when.order)
    assert when.blocks == {1: 0, 2: 20, 3: 40}


def test_the_curve_ends_at_the_best_of_each_block(sweep):
    steps = curve.steps(sweep, timeline(sweep.events))
    assert len(sweep.state.trees) == 3
    for index, tree in sweep.state.trees.items():
        best = tree.best()
        assert best is not None
        last = [step for step in steps if step.block == index][-1]
        assert last.best == pytest.approx(best.mean)


def test_the_summary_is_made_of_paired_fresh_runs_with_students_interval(sweep):
    found = summary.rows(sweep)
    assert {row.metric for row in found} == {"connectivity_R2", "test_R2"}
    assert {row.budget for row in found} == {"search", "full"}
    for row in found:
        assert row.held_out == (row.metric == "test_R2")
        if row.best is not None and row.best.low is not None and row.best.high is not None:
            n = len(row.best.values)
            sd = (sum((v - row.best.mean) ** 2 for v in row.best.values) / (n - 1)) ** 0.5
            assert row.best.high - row.best.low == pytest.approx(2 * student(n - 1) * sd / n**0.5)


def test_the_path_leads_from_the_baseline_to_the_best_and_its_steps_add_up(sweep):
    path = parameters.path_to_best(sweep)
    best = sweep.state.best()
    assert best is not None
    tree = sweep.state.trees[best.block]
    assert path[0].number == tree.nodes[0].id
    assert path[-1].number == tree.node(best.number).id
    gains = sum(step.gain or 0.0 for step in path)
    assert gains == pytest.approx((tree.node(best.number).mean or 0.0) - (tree.nodes[0].mean or 0.0))


class Steps(RulesProposer):
    """The baseline, then these changes of it, one after the other."""

    STEPS = ({}, {"model.net": "gnn"}, {"model.net": "gnn", "model.depth": 7}, {"training.coeff_W_L1": 1e-3})

    def propose(self, context):
        values = {**context.space.baseline(), **self.STEPS[context.next_number]}
        parent = context.next_number - 1 if context.next_number else None
        return [mutate(context, context.slots[0], parent, values, strategy="exploit", source="rules")]


def test_ablations_show_only_what_was_run(tmp_path):
    wanted = settings(4, n_parallel=1, seed_keys=())
    finish(Study(tmp_path, wanted, make_policy("puct_rank", None), Steps(), argv=[]))
    sweep = read_sweep(tmp_path)
    assert sweep.state.best().number == 2
    depth, net = parameters.ablations(sweep)
    assert (depth.key, depth.best, depth.baseline, depth.number) == ("model.depth", 7, 2, 1)
    assert depth.value == pytest.approx(sweep.state.trials[1].value)
    assert depth.loss == pytest.approx(sweep.state.trials[2].value - sweep.state.trials[1].value)
    assert (net.key, net.number, net.value, net.loss) == ("model.net", None, None, None), "was never run"
    assert net.command is None, "no command was recorded"


def test_an_ablation_that_was_not_run_has_the_command_that_runs_it(tmp_path):
    wanted = settings(4, n_parallel=1, seed_keys=())
    finish(Study(tmp_path, wanted, make_policy("puct_rank", None), Steps(), argv=[]))
    (tmp_path / TRIALS).mkdir()
    for number, words in {0: "model.depth=2 model.net=linear", 2: "model.depth=7 'model.net=gnn'"}.items():
        record = {"command": f"python train.py {words} hydra.mode=RUN"}
        (tmp_path / TRIALS / f"{number}.json").write_text(json.dumps(record))
    depth, net = parameters.ablations(read_sweep(tmp_path))
    assert depth.command is None, "the search ran it"
    assert net.command == "python train.py model.depth=7 model.net=linear hydra.mode=RUN"


def test_every_metric_of_the_summary_has_an_axis_of_its_own():
    def row(metric, value):
        side = summary.interval([value, 1.1 * value])
        return summary.ComparisonRow("full", metric, False, side, side, None)

    drawn = str(summary.drawing([row("loss", 0.001), row("params", 1e6)]))
    ticks = {float(text.replace(",", "")) for text in re.findall(r'class="tick"[^>]*>([\d.,e+-]+)<', drawn)}
    assert any(tick < 0.01 for tick in ticks if tick > 0)
    assert any(tick > 1e5 for tick in ticks)


def test_failures_of_one_kind_are_one_group(sweep):
    groups = records.failure_groups(sweep)
    bad = [t for t in sweep.state.trials.values() if t.state.is_finished and t.value is None]
    assert sum(len(group.trials) for group in groups) == len(bad)
    assert len({(group.state, group.kind, group.message) for group in groups}) == len(groups)


def test_cost_is_read_from_the_log_and_shared_by_the_batch_that_a_question_brought(sweep):
    found = cost.cost(sweep, timeline(sweep.events))
    durations = [t.duration for t in sweep.state.trials.values() if t.duration is not None]
    assert found.run_seconds == pytest.approx(sum(durations))
    assert found.questions.source == "event log"
    assert found.questions.prompt_tokens == 1200 * found.questions.calls
    batch = next(e.trials for e in sweep.events if isinstance(e, Asked) and len(e.trials) == 2)
    texts_ = {cost.by_batch(sweep)[trial.number] for trial in batch}
    assert texts_ == {"question 1500 tokens, 0.0020 money for 2 trials"}


def test_what_a_question_for_no_trial_cost_is_no_trials_cost(sweep):
    call = ModelCall("d", "m", "schema", 1, 70, 30, False, 60, cost=0.0005)
    events = list(sweep.events)
    place = next(i for i, e in enumerate(events) if isinstance(e, Asked) and len(e.trials) == 2)
    asked = events[place]
    texts_ = cost.by_batch(replace(sweep, events=[*events[:place], Question(0, 0, (), (call,)), *events[place:]]))
    assert texts_[asked.trials[0].number] == "question 1400 tokens, 0.0015 money for 2 trials"


def test_a_difference_shows_changes_with_their_surroundings_only():
    before = "\n".join(f"line {n}" for n in range(30))
    lines = texts.difference(before, before.replace("line 15", "another"))
    assert [(line.kind, line.text) for line in lines if line.kind in ("added", "removed")] == [
        ("removed", "line 15"),
        ("added", "another"),
    ]
    assert [line.text for line in lines if line.kind == "gap"] == ["13 unchanged lines", "12 unchanged lines"]
    assert {line.kind for line in texts.difference(None, before)} == {"same"}


def test_thumbnails_keep_to_their_budget_and_broken_files_are_links(tmp_path):
    from PIL import Image

    study = Study(tmp_path, settings(4), make_policy("puct_rank", None), Scientist(), argv=[])
    finish(study)
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        Image.new("RGB", (900, 600), (200, 30 * number, 90)).save(tmp_path / str(number) / "fit result.png")
    (tmp_path / "0" / "torn.png").write_bytes(b"\x89PNG not really")
    sweep = read_sweep(tmp_path)
    found = pictures(sweep)
    assert [entry["href"] for entry in found[0]] == ["0/fit%20result.png", "0/torn.png"]
    assert ["src" in entry for entry in found[0]] == [True, False]
    one = len(found[0][0]["src"])
    within = pictures(sweep, budget=int(2.5 * one))
    assert sum("src" in entry for entries in within.values() for entry in entries) == 2
