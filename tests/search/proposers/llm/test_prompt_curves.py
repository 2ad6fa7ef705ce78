"""Learning curves in five numbers: whose, of what, and how a run that began anew is read."""

import json
from dataclasses import replace

from llm_sweeps import small
from search_worlds import ended

from hydra_llm.job import REPORTS_NAME
from hydra_llm.search.proposers.llm.prompt import build_prompt
from hydra_llm.search.proposers.llm.prompt_curves import curves


def reported(tmp_path, values, **fields):
    """The small sweep, whose trials report these values by trial, steps from 0 on."""
    context = small(**fields)
    trials = []
    for trial in context.trials:
        folder = tmp_path / str(trial.number)
        folder.mkdir()
        rows = values.get(trial.number, ())
        steps = rows if isinstance(rows, dict) else dict(enumerate(rows))
        lines = [{"number": trial.number}, *({"step": step, "value": value} for step, value in steps.items())]
        (folder / REPORTS_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
        trials.append(trial if trial.outcome is None else ended(trial, folder=str(folder)))
    return replace(context, trials=tuple(trials))


def test_a_curve_is_five_numbers_at_the_fifths_of_its_steps(tmp_path):
    section = curves(reported(tmp_path, {4: [1 / (1 + n) for n in range(41)]}))
    assert section.rows == ("- 4 (leader): 0.111, 0.0588, 0.04, 0.0303, 0.0244 (to step 40)",)


def test_the_newest_trials_and_the_leader_are_shown_and_no_other(tmp_path):
    context = reported(tmp_path, {number: [0.5, 0.25] for number in range(5)})
    assert [row.split(":")[0] for row in curves(context).rows] == ["- 4 (leader)", "- 3", "- 2"]
    worse = [t if t.number != 4 else ended(t, value=0.1) for t in context.trials]
    worse = [t if t.number != 2 else ended(t, value=0.2) for t in worse]
    tree = type(context.tree)(context.space, context.objective, worse)
    context = replace(context, trials=tuple(worse), tree=tree)
    assert [row.split(":")[0] for row in curves(context).rows] == ["- 4", "- 3", "- 2", "- 1 (leader)"]


def test_what_is_reported_has_the_name_of_the_metric_that_it_ends_at(tmp_path):
    context = reported(tmp_path, {4: [0.5, 0.125], 2: [0.5, 0.25]})
    assert curves(context).head == ("While they trained, at each fifth of the steps: what a run reports of itself.",)
    losses = {4: 0.125, 2: 0.25}
    named = [
        ended(t, metrics={**t.metrics, "test_loss": losses[t.number], "final_loss": losses[t.number]})
        if t.number in losses
        else t
        for t in context.trials
    ]
    assert "`final_loss`, as it ends" in curves(replace(context, trials=tuple(named))).head[0]


def test_a_run_that_began_anew_is_read_from_its_last_start_and_no_number_is_passed_over(tmp_path):
    context = reported(tmp_path, {})
    rows = [(0, 9.0), (1, 8.0), (0, 0.5), (1, None), (2, 0.25)]
    lines = [json.dumps({"step": step, "value": value}) for step, value in rows]
    (tmp_path / "4" / REPORTS_NAME).write_text("\n".join(lines) + "\n")
    assert curves(context).rows == ("- 4 (leader): 0.5, 0.25 (to step 2)",)


def test_runs_that_report_nothing_have_no_section(tmp_path):
    assert curves(small()) is None
    assert curves(reported(tmp_path, {4: [0.5]})) is None, "one value is no curve"


def test_the_question_holds_them(tmp_path):
    user = build_prompt(reported(tmp_path, {4: [0.5, 0.25]}), (0, 1), 1, 16_000).user
    assert "## Learning curves" in user
    assert user.index("## Learning curves") < user.index("## What is new")
