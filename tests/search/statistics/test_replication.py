"""Reruns: the reward of noisy configurations, when a rerun is worth a slot, when a configuration is known enough."""

import random
from dataclasses import replace

import numpy as np
import pytest
from search_worlds import (
    OBJECTIVE,
    SPACE,
    bowl,
    ended,
    open_study,
    recordings_of,
    run_study,
    settings,
    tree_of,
    trial,
)

from hydra_llm.search.context import Thresholds
from hydra_llm.search.proposers.rules.open_contest import OpenContest
from hydra_llm.search.statistics.replication import CONFIDENT, MOST_RERUNS, chance_of_best, is_retired, rerun_candidate
from hydra_llm.search.testing.proposals import ProposerConformance
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.reward import reward_of
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState


def runs(*groups):
    """A tree whose n-th configuration ran once per value of the n-th group."""
    tree, number = tree_of(), 0
    for place, group in enumerate(groups):
        for value in group:
            tree.add(trial(number, 0 if place else None, value, depth=1 + place))
            number += 1
    return tree


def chance(tree, ceiling=None):
    return chance_of_best(Recordings(tree, tree.trials, OBJECTIVE, ceiling))


def context_on(tree, **more):
    base = ProposerConformance().context([0.1])
    values = {"space": SPACE, "tree": tree, "noise_floor": tree.noise_floor, "seed_keys": ("seed",), "trials": ()}
    return replace(base, **{**values, **more})


# ---- rewards ----
def test_the_lower_bound_prefers_the_configuration_that_can_be_relied_upon():
    steady, lucky = (0.80, 0.81, 0.79, 0.80), (0.99, 0.70, 0.95, 0.60)
    assert np.mean(lucky) > np.mean(steady)
    for kind, winner in (("mean", 1), ("lower_confidence", 0), ("min", 0)):
        tree = Tree(SPACE, OBJECTIVE, reward=kind)
        for number, value in enumerate([*steady, *lucky]):
            tree.add(trial(number, None, value, depth=1 + number // 4))
        assert tree.best() is tree.nodes[winner], kind


def test_failed_runs_count_as_the_worst_seen_for_lower_bounds_and_not_at_all_for_the_mean():
    scores = (0.9, 0.9)
    assert reward_of("mean", scores, failures=2, floor=0.01, worst=0.1) == 0.9
    assert reward_of("min", scores, failures=2, floor=0.01, worst=0.1) == 0.1
    assert reward_of("lower_confidence", scores, 2, 0.01, 0.1) < reward_of("lower_confidence", scores, 0, 0.01, 0.1)


def test_a_single_run_is_discounted_by_the_pooled_noise_under_the_lower_bound():
    assert reward_of("lower_confidence", [0.9], 0, floor=0.0, worst=0.0) == 0.9
    assert reward_of("lower_confidence", [0.9], 0, floor=0.1, worst=0.0) == pytest.approx(0.9 - 0.12816)


def test_the_lower_bound_covers_the_true_mean_in_about_nine_of_ten_cases():
    rng = np.random.default_rng(0)
    draws = rng.normal(0.5, 0.1, size=(4000, 2))
    below = [reward_of("lower_confidence", list(row), 0, 0.1, 0.0) <= 0.5 for row in draws]
    assert 0.88 < np.mean(below) < 0.92


def test_an_unknown_reward_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="mean, lower_confidence, min"):
        settings(reward="median")


def test_a_sweep_on_the_lower_bound_selects_by_it(tmp_path):
    def task(t):
        draw = random.Random(t.seeds.get("seed", 0)).gauss(0.0, 0.3 if t.values["net"] != "a" else 0.0)
        return {"R2": bowl(t, noise=0.0)["R2"] + draw}

    study = open_study(tmp_path, settings(n_trials=40, n_parallel=4, seed_keys=("seed",), reward="min"))
    run_study(study, task)
    best = study.state.best()
    assert best is not None
    tree = study.state.tree
    assert min(tree.node(best.number).scores) == max(min(n.scores) for n in tree.scored())


# ---- noise ----
def test_the_noise_floor_is_the_pooled_deviation_whatever_the_order_of_telling():
    groups = [(0.1, 0.3), (0.5, 0.55, 0.6), (0.9,)]
    expected = np.sqrt((2 * 0.01 + 2 * 0.0025) / 3)
    assert runs(*groups).noise_floor == pytest.approx(expected)
    assert runs(*groups[::-1]).noise_floor == pytest.approx(expected)


def test_nothing_repeated_means_no_noise_floor_and_no_probability():
    tree = runs((0.1,), (0.5,), (0.9,))
    assert tree.noise_floor == 0.0
    assert chance(tree) is None


# ---- the probability of being best ----
def test_the_probability_of_being_best_matches_a_simulation():
    tree = runs((0.50, 0.54), (0.49,), (0.45, 0.47, 0.46))
    floor = tree.noise_floor
    rng = np.random.default_rng(1)
    means = np.array([node.mean for node in tree])
    errors = floor / np.sqrt([len(node.scores) for node in tree])
    draws = rng.normal(means, errors, size=(200_000, 3))
    assert chance(tree) == pytest.approx(np.mean(draws.argmax(axis=1) == 0), abs=0.01)


def test_equal_configurations_share_the_probability_and_clear_winners_have_all_of_it():
    assert chance(runs((0.4, 0.6), (0.4, 0.6))) == pytest.approx(0.5, abs=0.01)
    assert chance(runs((0.9, 0.91), (0.1, 0.11))) == pytest.approx(1.0, abs=1e-6)


def test_near_a_ceiling_a_winner_by_a_factor_is_clear_whatever_the_bad_runs_scatter():
    tree = runs((-1.0, -1.3), (0.99, 0.9893), (0.9990, 0.9989), (0.9999, 0.99989))
    assert chance(tree) < 0.5, "a noise of 0.1 drowns every difference near 1"
    assert chance(tree, ceiling=1.0) > 0.99


# ---- rerun or explore ----
def test_before_anything_was_repeated_the_incumbent_is_rerun_once_to_learn_the_noise():
    tree = runs((0.1,), (0.9,), (0.5,))
    node = rerun_candidate(context_on(tree))
    assert node is tree.nodes[1]
    proposal = OpenContest().propose(context_on(tree), context_on(tree).slots[0], ())
    assert proposal is not None
    assert (proposal.changes, "the noise is unknown" in proposal.note) == ((), True)


def test_a_close_rival_is_rerun_and_a_clear_winner_frees_the_slot():
    close = runs((0.50, 0.60), (0.54,), (0.1,), (0.1,), (0.1,), (0.1,), (0.1,))
    clear = runs((0.90, 0.91), (0.50,), (0.1,), (0.1,), (0.1,), (0.1,), (0.1,))
    assert rerun_candidate(context_on(close)) is close.nodes[1]  # of the two it has fewer runs
    assert chance(clear) > CONFIDENT
    assert rerun_candidate(context_on(clear)) is None


def test_without_seed_keys_nothing_is_rerun():
    assert rerun_candidate(context_on(runs((0.1,), (0.9,), (0.5,)), seed_keys=())) is None


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
def test_a_serial_sweep_spends_a_bounded_share_on_reruns_and_almost_nothing_where_there_is_no_noise(tmp_path, noise):
    study = open_study(tmp_path, settings(n_trials=40, seed_keys=("seed",)))
    trials = run_study(study, lambda t: bowl(t, noise=noise))
    again = [t for t in trials if t.proposal.strategy == OpenContest.name]
    assert 1 <= len(again) <= (1 if noise == 0.0 else MOST_RERUNS * 40)


def test_the_noise_floor_keeps_a_lucky_run_from_counting_as_an_improvement():
    """Two equal configurations: without the floor the luckier one is an improvement, with it it is none."""
    from hydra_llm.search.statistics import progress

    records = recordings_of([trial(0, None, 0.50), trial(1, 0, 0.40), trial(2, 0, 0.60), trial(3, 0, 0.57, lr=0.1)])
    without, within = (progress.measure([], records, 12, floor) for floor in (0.0, records.noise_floor))
    assert (without.improvement, within.improvement) == (1.0, 0.0)


# ---- retirement ----
def test_four_tight_runs_retire_a_configuration_and_four_loose_ones_do_not():
    tight, loose = runs((0.95, 0.951, 0.949, 0.95)).nodes[0], runs((0.95, 0.75, 0.90, 0.99)).nodes[0]
    context = context_on(tree_of(), thresholds=Thresholds())
    assert is_retired(context, tight)
    assert not is_retired(context, loose)


def test_three_runs_never_retire_and_an_open_verdict_never_does():
    context = context_on(tree_of(), thresholds=Thresholds())
    assert not is_retired(context, runs((0.95, 0.95, 0.95)).nodes[0])
    between = runs((0.91, 0.89, 0.90, 0.90)).nodes[0]  # one run below 0.90, none below 0.87
    assert not is_retired(context, between)


def test_a_known_bad_configuration_retires_as_fragile():
    node = runs((0.50, 0.501, 0.499, 0.50)).nodes[0]
    assert is_retired(context_on(tree_of(), thresholds=Thresholds()), node)


def test_a_configuration_with_failures_is_rerun_under_its_own_count():
    tree = runs((0.9,), (0.5,), (0.4,))
    failed = ended(trial(9, 0, None, depth=1), state=TrialState.FAILED, error=TrialError("E", "x"))
    tree.add(failed)
    assert (tree.nodes[0].runs, tree.nodes[0].failures, tree.nodes[0].mean) == (2, 1, 0.9)
    assert Outcome(TrialState.FAILED).value is None
