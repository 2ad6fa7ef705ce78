"""What a search recommends is the baseline while there is no evidence that anything is better."""

import random

import pytest
from search_worlds import SPACE

from hydra_llm import Study

CLOSING = 3  # of 24 trials


def searched(task, seed=0, n_parallel=1, **more):
    study = Study.in_memory(SPACE, n_trials=24, seed=seed, seed_keys=("seed",), n_parallel=n_parallel, **more)
    draws = random.Random(seed)
    while trials := study.ask(n_parallel):
        for trial in study.launched(trials):
            study.tell(trial.number, task(trial.values) + draws.gauss(0.0, 0.05))
    return study


def nothing_matters(values):
    return 0.5


def baseline_is_best(values):
    return 0.5 if values == SPACE.baseline() else 0.45


def anything_else_is_better(values):
    return 0.5 if values == SPACE.baseline() else 1.5


@pytest.mark.parametrize("task", [nothing_matters, baseline_is_best])
@pytest.mark.parametrize("n_parallel", [1, 3])
def test_while_it_is_open_whether_the_leader_beats_the_baseline_the_closing_trials_are_theirs(task, n_parallel):
    study = searched(task, n_parallel=n_parallel)
    latest = study.state.search_trials()[-CLOSING:]
    assert [trial.proposal.strategy for trial in latest] == ["replicate"] * CLOSING
    assert study.state.baseline(1) is not None


def test_a_leader_that_is_clearly_better_leaves_the_closing_trials_to_others_and_is_recommended():
    study = searched(anything_else_is_better)
    assert study.state.baseline(1).runs == 1
    assert study.best is not None
    assert study.best.values != SPACE.baseline()


def test_without_evidence_the_baseline_is_recommended_although_another_one_has_the_best_mean():
    recommended = 0
    for seed in range(6):
        study = searched(baseline_is_best, seed)
        tree, baseline = study.state.tree, study.state.baseline(1)
        leader = tree.best()
        if leader is baseline or not tree.replicated():
            continue
        likely = tree.belief.ahead(leader.values, baseline.values)
        assert tree.beats(leader, baseline) == (likely >= 0.7)
        assert (study.best.number == baseline.id) == (likely < 0.7)
        recommended += likely < 0.7
    assert recommended > 0, "no sweep of these came to the question"


def test_where_nothing_ran_twice_noise_is_not_known_and_the_best_is_recommended():
    study = Study.in_memory(SPACE, n_trials=8)
    while trials := study.ask(1):
        for trial in study.launched(trials):
            study.tell(trial.number, 0.5 + 1e-3 * trial.number)
    assert study.best.number == study.state.tree.best().id


def test_the_plain_rewards_are_not_guarded():
    study = searched(baseline_is_best, proposer="rules")
    assert study.best.number == study.state.tree.best().id
