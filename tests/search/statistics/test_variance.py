"""The variance table: numbers as a statistician has them, failures apart, verdicts by the published limits."""

from dataclasses import replace

import numpy as np
import pytest
from search_worlds import OBJECTIVE, bowl, ended, open_study, run_study, settings, tree_of, trial

from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.log_format import Format
from hydra_llm.search.records import results, variance_table
from hydra_llm.search.records.confirmation import beside, summary_lines
from hydra_llm.search.records.memory_text import memory_text
from hydra_llm.search.settings import Confirmation, Settings
from hydra_llm.search.statistics import variance
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState


def node_of(*values, failures=0, objective=OBJECTIVE):
    tree = Tree(settings().space, objective)
    for number, value in enumerate(values):
        tree.add(trial(number, None, value))
    for number in range(failures):
        failed = ended(trial(100 + number, None, None), state=TrialState.FAILED, error=TrialError("E", "x"))
        tree.add(failed)
    return tree.nodes[0]


def test_the_interval_holds_the_true_mean_in_nineteen_of_twenty_cases():
    rng = np.random.default_rng(2)
    inside = 0
    for values in rng.normal(0.5, 0.1, size=(1000, 4)):
        tree = tree_of(*(trial(n, None, float(v)) for n, v in enumerate(values)))
        (row,) = variance.rows(tree, OBJECTIVE, None, {})
        assert row.interval is not None
        inside += row.interval[0] <= 0.5 <= row.interval[1]
    assert 0.93 < inside / 1000 < 0.97


def test_the_error_of_the_cv_shrinks_with_runs_and_matches_a_simulation():
    rng = np.random.default_rng(3)
    samples = rng.normal(1.0, 0.05, size=(4000, 6))
    cvs = samples.std(axis=1, ddof=1) / samples.mean(axis=1)
    assert variance.cv_error(node_of(*samples[0])) is not None
    typical = np.median([variance.cv_error(node_of(*row)) for row in samples[:300]])
    assert typical == pytest.approx(cvs.std(), rel=0.15)


@pytest.mark.parametrize(
    ("values", "failures", "expected"),
    [
        ((0.95, 0.95), 0, "open"),  # two runs say too little
        ((0.95, 0.96, 0.95), 0, "robust"),
        ((0.95, 0.96, 0.95), 1, "fragile"),  # a failure
        ((0.99, 0.91, 0.95), 0, "fragile"),  # CV of 4 %
        ((0.91, 0.89, 0.90), 0, "open"),  # a run below 0.90, none below 0.87
        ((0.87, 0.86, 0.88), 0, "fragile"),  # a run below 0.87
    ],
)
def test_verdicts_follow_the_published_limits_for_an_r2(values, failures, expected):
    assert variance.verdict(node_of(*values, failures=failures), OBJECTIVE, Thresholds()) == expected


def test_a_minimised_metric_has_its_worst_run_at_the_top_and_an_interval_in_its_own_unit():
    loss = Objective("loss", "minimize")
    tree = Tree(settings().space, loss, [trial(0, None, 0.2), trial(1, None, 0.4)])
    (row,) = variance.rows(tree, loss, None, {})
    assert (row.mean, row.worst) == (pytest.approx(0.3), 0.4)
    assert row.interval is not None
    assert row.interval[0] < 0.3 < row.interval[1]


def test_a_task_that_reports_its_peak_gets_a_trend():
    runs = [trial(0, None, 0.9), trial(1, None, 0.8), trial(2, None, 0.7)]
    peaks = [{"R2_peak": 0.9}, {"R2_peak": 0.95}, {}]
    runs = [ended(t, metrics=m) for t, m in zip(runs, peaks, strict=True)]
    (row,) = variance.rows(tree_of(*runs), OBJECTIVE, None, {t.number: t for t in runs})
    assert row.trend == "1/2 at peak"


def test_the_file_holds_every_repeated_configuration_the_floor_and_failed_runs_apart(tmp_path):
    def task(t):
        if t.number == 5:
            return Outcome(TrialState.FAILED, error=TrialError("E", "x"))
        return bowl(t)

    study = open_study(tmp_path, settings(n_trials=20, n_parallel=4, seed_keys=("seed",)))
    run_study(study, task)
    results.write_scores(tmp_path, study.state, study.settings, study.policy, study.ranking())
    text = (tmp_path / "variance.md").read_text()
    repeated = [node for node in study.state.tree if node.runs > 1]
    assert len([line for line in text.splitlines() if line.startswith("| ") and line[2].isdigit()]) == len(repeated) > 0
    assert f"{study.state.tree.noise_floor:.4g}" in text


def fly(trial):
    """A metric that the seed moves, and two more; one of five runs has no tau."""
    value = bowl(trial, 0.1)["R2"] - 0.5 * (trial.proposal.role == "standard")
    return {"R2": value, "V_rest_R2": 2 * value} | ({"tau_R2": 0.9} if trial.number % 5 else {})


def test_the_table_has_the_metrics_of_the_log_format_with_their_spread(tmp_path):
    wanted = settings(n_trials=12, n_parallel=4, seed_keys=("seed",), fresh_seeds=True, start="baselines")
    wanted = replace(wanted, log_format=Format(variance={"tau": "tau_R2", "V_rest": "V_rest_R2", "R2": "R2"}))
    study = open_study(tmp_path, wanted)
    trials = run_study(study, fly)
    results.write_scores(tmp_path, study.state, study.settings, study.policy, study.ranking())
    head, _, row = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (tmp_path / "variance.md").read_text().splitlines()
        if line.startswith("|")
    )
    assert head[-6:] == ["tau", "CV %", "V_rest", "CV %", "verdict", "configuration"]
    values = [2 * t.value for t in trials]
    assert row[-4] == f"{np.mean(values):.4g} +/- {np.std(values, ddof=1):.2g}"
    assert row[-3] == f"{100 * np.std(values, ddof=1) / np.mean(values):.2f}"
    assert (row[-6].split()[0], row[-5]) == ("0.9", "0.00"), "over the runs that returned it"
    memory = memory_text(study.state, study.settings, 1)
    assert "| tau | CV % | V_rest | CV % | verdict |" in memory


def test_the_recommended_configuration_stands_beside_every_reference_in_every_metric(tmp_path):
    wanted = settings(n_trials=12, seed_keys=("seed",), confirmation=Confirmation(3, ("search",), ("standard",)))
    wanted = replace(wanted, log_format=Format(variance={"V_rest_R2": "V_rest_R2"}))
    study = open_study(tmp_path, wanted)
    run_study(study, fly)
    found = beside(study.state, OBJECTIVE, ("V_rest_R2", "never_returned"))
    assert [(row.metric, row.role) for row in found] == [
        (metric, role) for metric in ("R2", "V_rest_R2") for role in ("standard", "baseline")
    ]
    difference = {(row.metric, row.role): row.paired for row in found}
    standard, baseline = difference["R2", "standard"], difference["R2", "baseline"]
    assert standard.difference == pytest.approx(baseline.difference + 0.5), "standard is the baseline less a half"
    assert standard.standard_error < 1e-9 < found[0].other.sd, "on the same seeds"
    assert difference["V_rest_R2", "standard"].difference == pytest.approx(2 * standard.difference)
    text = variance_table.markdown(study.state, study.settings)
    assert f"| V_rest_R2 | standard | {2 * found[0].first.mean:.4g} +/- " in text
    assert any("best minus standard +" in line for line in summary_lines(study.state, OBJECTIVE))


def test_a_reference_whose_runs_failed_is_no_comparison(tmp_path):
    def task(trial):
        if trial.proposal.role == "standard":
            return Outcome(TrialState.FAILED, error=TrialError("Boom", ""))
        return bowl(trial)

    confirm = Confirmation(2, ("search",), ("standard",))
    study = open_study(tmp_path, settings(n_trials=8, seed_keys=("seed",), confirmation=confirm))
    run_study(study, task)
    assert [row.role for row in beside(study.state, OBJECTIVE)] == ["baseline"]
    assert "no value, 2 failed run(s)" in "\n".join(summary_lines(study.state, OBJECTIVE))


def test_without_reruns_the_table_says_that_the_noise_is_unknown(tmp_path):
    study = open_study(tmp_path, settings(n_trials=3))
    run_study(study)
    assert "the noise is unknown" in variance_table.markdown(study.state, study.settings)


def test_an_empty_sweep_has_an_empty_table():
    wanted: Settings = settings()
    assert variance_table.markdown(SweepState(wanted.space, wanted.objective), wanted).startswith("# Variance of R2")
