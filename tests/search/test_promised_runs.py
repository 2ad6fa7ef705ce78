"""Recordings that a proposal names: its own run first, the others in the next free slots, none of them twice."""

from search_worlds import bowl, open_study, run_study, settings

from hydra_llm.search.proposers.base import Proposer, mutate
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState
from hydra_llm.search.trial.seeds import replicate_seeds


class NamesRecordings(Proposer):
    """Baseline first; then one change that names three recordings; then reruns of nothing in particular."""

    name = "names"

    def __init__(self):
        self.asked = 0

    def propose(self, context):
        slot = context.slots[0]
        self.asked += 1
        if not len(context.tree):
            return Decision((mutate(context, slot, None, {}, strategy="baseline", source="names"),))
        values = {"depth": 2 + self.asked}
        made = mutate(context, slot, 0, {**context.space.baseline(), **values}, strategy="exploit", source="names")
        return Decision((made.on(1, 2, 3) if self.asked == 2 else made,))


def study(folder, **more):
    wanted = settings(seed_keys=("seed",), **more)
    return Study(folder, wanted, make_policy("puct_rank", None), NamesRecordings(), argv=["t"])


def seeds(run):
    return replicate_seeds(0, ("seed",), run)


def test_each_named_recording_gets_a_run_before_anything_new_is_asked_for(tmp_path):
    ran = study(tmp_path, n_trials=5)
    trials = run_study(ran, bowl)
    assert [trial.seeds for trial in trials] == [{}, {}, seeds(1), seeds(2), {}]
    assert [trial.values["depth"] for trial in trials] == [2, 4, 4, 4, 5]
    assert ran._proposals.proposer.asked == 3, "two runs were promised, and nobody was asked"
    assert [trial.proposal.strategy for trial in trials[2:4]] == ["replicate", "replicate"]
    assert trials[2].proposal.mutation == "[none]"


def test_promises_outlive_an_interruption(tmp_path):
    run_study(study(tmp_path, n_trials=5), bowl, stop_after=2)
    trials = run_study(study(tmp_path, n_trials=5), bowl)
    assert [trial.seeds for trial in trials][:4] == [{}, {}, seeds(1), seeds(2)]


def test_a_configuration_that_failed_is_not_run_again_for_its_promise(tmp_path):
    def fails(trial):
        return None if trial.values["depth"] == 4 else bowl(trial)

    trials = run_study(study(tmp_path, n_trials=4), fails)
    assert [trial.values["depth"] for trial in trials] == [2, 4, 5, 6]


def test_a_rerun_without_a_name_goes_to_the_first_recording_that_its_configuration_lacks(tmp_path):
    rules = open_study(tmp_path, settings(seed_keys=("seed",), n_trials=12))
    by_node: dict[str, list] = {}
    for trial in run_study(rules):
        by_node.setdefault(str(trial.values), []).append(trial.seeds)
    for runs in by_node.values():
        assert runs == [seeds(run) for run in range(len(runs))]


def test_a_baseline_that_failed_for_want_of_something_runs_again_in_the_next_session(tmp_path):
    wanted = settings(seed_keys=("seed",), n_trials=8, fail_fast=2)
    first = open_study(tmp_path, wanted)
    no_films = Outcome(TrialState.FAILED, error=TrialError("FileNotFoundError", "no films"))
    run_study(first, lambda trial: no_films)
    assert "same error" in first.must_stop
    assert "hydra.sweeper.fail_fast" in first.must_stop
    first.log.close()
    again = open_study(tmp_path, wanted)
    assert again.must_stop == "", "failures of an earlier session end nothing"
    trials = run_study(again, bowl)
    baseline = next(trial for trial in trials[2:])
    assert (baseline.values, baseline.value is not None) == (trials[0].values, True)
    assert len(trials) == 8
