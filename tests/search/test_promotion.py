"""Two configurations run the full recipe at half time, inside the budget; the gain there is what a sweep claims."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, bowl, comparable, open_study, run_study, settings

from hydra_llm.search.context_builder import briefing
from hydra_llm.search.records import full_budget
from hydra_llm.search.records.full_budget import FullRun, rank_correlation
from hydra_llm.search.records.results import results_data
from hydra_llm.search.settings import Confirmation
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState

WANTED = settings(n_trials=12, promote=2, seed_keys=("seed",))


def by_budget(trial):
    """The full recipe adds 0.05 to the baseline and 0.1 to everything else."""
    value = bowl(trial)["R2"]
    if trial.budget == "full":
        value += 0.05 if trial.values == WANTED.space.baseline() else 0.1
    return {"R2": value}


def searched(folder, wanted=WANTED, task=by_budget):
    study = open_study(folder, wanted)
    run_study(study, task)
    return study


def test_leader_and_baseline_run_the_full_recipe_once_at_half_time_inside_the_budget(tmp_path):
    trials = list(searched(tmp_path).state.trials.values())
    promoted = [t for t in trials if t.purpose == "promote"]
    assert len(trials) == WANTED.n_trials
    assert [t.proposal.role for t in promoted] == ["baseline", "leader"]
    assert [t.number for t in promoted] == [6, 7]
    assert {t.budget for t in promoted} == {"full"}


def test_a_full_run_has_the_seeds_and_the_values_of_its_trial(tmp_path):
    state = searched(tmp_path).state
    for run in state.promotions:
        earlier = state.trials[run.proposal.parent]
        assert (run.seeds, run.values) == (earlier.seeds, earlier.values)
        assert run.number not in state.tree, "a score of the full recipe is no score of the search"


def test_an_interrupted_sweep_promotes_as_the_whole_one(tmp_path):
    whole = searched(tmp_path / "whole").state.trials.values()
    run_study(open_study(tmp_path / "cut", WANTED), by_budget, stop_after=7)
    assert comparable(run_study(open_study(tmp_path / "cut", WANTED), by_budget)) == comparable(list(whole))


@pytest.mark.parametrize(
    "wanted", [replace(WANTED, promote=0), replace(WANTED, promote=1), replace(WANTED, n_trials=2)]
)
def test_nothing_is_promoted_where_nobody_wants_it_or_the_budget_is_too_small(tmp_path, wanted):
    assert searched(tmp_path, wanted).state.promotions == []


def test_several_slots_and_a_failing_baseline_promote_too(tmp_path):
    failed = Outcome(TrialState.FAILED, error=TrialError("E", "no"))
    study = searched(
        tmp_path,
        replace(WANTED, n_parallel=3),
        lambda t: failed if t.values == WANTED.space.baseline() else by_budget(t),
    )
    assert [t.proposal.role for t in study.state.promotions] == ["contrast", "leader"]
    assert full_budget.gain(study.state) is None, "nothing is claimed over a baseline that never ran"


def test_the_pairs_their_rank_correlation_and_the_gain_are_said_to_people_and_to_the_model(tmp_path):
    state = searched(tmp_path).state
    baseline, leader = full_budget.full_runs(state)
    assert baseline.full == pytest.approx(baseline.short + 0.05)
    assert leader.full == pytest.approx(leader.short + 0.1)
    gain = full_budget.gain(state)
    assert gain.difference == pytest.approx(leader.full - baseline.full)
    first, second = full_budget.lines(state, OBJECTIVE)
    assert first.startswith(
        f"Gain at the full recipe, R2 of the best over the baseline: {gain.difference:+.4g}; 1 pair"
    )
    assert second.startswith("R2 in the search -> with the full recipe, same seeds: baseline (trial 0) 0.5281 -> ")
    assert "rank correlation +1 over 2 configurations" in second
    assert briefing(state, WANTED, review=False)["full_recipe"] == second
    data = results_data(state, WANTED, lambda trial: "python")
    assert list(data)[:5] == ["name", "metric", "direction", "gain_at_full_budget", "full_runs"]
    assert data["full_runs"]["rank_correlation"] == 1.0


def test_a_confirmation_at_the_full_recipe_is_the_gain_that_is_claimed(tmp_path):
    wanted = replace(WANTED, confirmation=Confirmation(n_seeds=2, budgets=("search", "full")))
    gain = full_budget.gain(searched(tmp_path, wanted).state)
    assert (gain.pairs, gain.source) == (2, "confirmation on fresh seeds")


def test_a_reversed_order_says_what_to_do():
    runs = [FullRun(0, "baseline", 0.1, 0.9), FullRun(1, "leader", 0.2, 0.8)]
    assert rank_correlation(runs, OBJECTIVE) == -1.0
    assert rank_correlation(runs, Objective("loss", "minimize")) == -1.0
    third = FullRun(2, "leader", 0.3, 0.95)
    assert rank_correlation([*runs, third], OBJECTIVE) == pytest.approx(1 / 3)


def test_a_failed_full_run_is_shown_and_gives_no_correlation(tmp_path):
    failed = Outcome(TrialState.FAILED, error=TrialError("E", "out of memory"))
    state = searched(tmp_path, task=lambda t: failed if t.budget == "full" else bowl(t)).state
    assert rank_correlation(full_budget.full_runs(state), OBJECTIVE) is None
    (line,) = full_budget.lines(state, OBJECTIVE)
    assert line.endswith("-> -")
