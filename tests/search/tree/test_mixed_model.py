"""Configurations on unequal recordings: the difficulty of a recording is no merit."""

from dataclasses import replace

import numpy as np
import pytest
from search_worlds import OBJECTIVE, SPACE, trial

from hydra_llm.search.statistics.importance import importance
from hydra_llm.search.statistics.progress import measure
from hydra_llm.search.tree.mixed_model import configuration_effects
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.scale import MetricScale
from hydra_llm.search.tree.tree import Tree


def test_where_everything_ran_once_or_everywhere_the_means_decide():
    assert configuration_effects([(0, "a", 1.0), (1, "a", 3.0)]) == pytest.approx([1.0, 3.0])
    everywhere = [(0, "a", 1.0), (0, "b", 2.0), (1, "a", 3.0), (1, "b", 5.0)]
    first, second = configuration_effects(everywhere)
    assert second - first == pytest.approx(2.5)


def test_runs_on_recordings_of_their_own_are_their_means():
    runs = [(0, 0, 1.0), (0, 1, 2.0), (1, 2, 5.0), (1, 3, 7.0), (2, 4, 4.0)]
    assert configuration_effects(runs) == pytest.approx([1.5, 6.0, 4.0])


def test_a_single_run_on_the_easy_recording_does_not_lead():
    runs = [(0, "easy", 0.99), (0, "hard", 0.90), (1, "easy", 0.98), (1, "hard", 0.88), (2, "easy", 0.97)]
    effects = configuration_effects(runs)
    means = [0.945, 0.93, 0.97]
    assert int(np.argmax(means)) == 2
    assert np.argsort(-effects).tolist() == [0, 1, 2]


def test_effects_are_recovered_better_than_by_means():
    rng = np.random.default_rng(0)
    wins, repetitions = 0, 40
    for _ in range(repetitions):
        true, hard = rng.normal(size=12), 2.0 * rng.normal(size=4)
        runs = [
            (c, int(r), true[c] + hard[r] + 0.2 * rng.normal())
            for c in range(12)
            for r in rng.permutation(4)[: 1 + c % 3]
        ]
        means = np.array([np.mean([v for c, _, v in runs if c == own]) for own in range(12)])
        found = configuration_effects(runs)
        wins += np.corrcoef(found, true)[0, 1] > np.corrcoef(means, true)[0, 1]
    assert wins >= 38


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e3)])
def test_unit_and_origin_of_the_metric_do_not_matter(factor, shift):
    runs = [(0, "a", 1.0), (0, "b", 2.2), (1, "a", 3.0), (2, "b", 0.5)]
    moved = [(c, r, factor * v + shift) for c, r, v in runs]
    assert configuration_effects(moved) == pytest.approx(factor * configuration_effects(runs) + shift, rel=1e-9)


def test_runs_without_noise_are_explained_whole():
    runs = [(c, r, 1.0 * c - 5.0 * r) for c in range(3) for r in range(2) if (c, r) != (2, 1)]
    effects = configuration_effects(runs)
    assert np.diff(effects) == pytest.approx([1.0, 1.0], abs=0.06), "of a difficulty of 5"


def test_a_scale_with_a_ceiling_counts_distances_and_comes_back():
    scale = MetricScale(1.0)
    assert scale.of(0.999) - scale.of(0.99) == pytest.approx(1.0)
    assert scale.score(scale.of(0.97)) == pytest.approx(0.97)
    assert MetricScale().of(0.3) == MetricScale().score(0.3) == 0.3


# ---- what rests on it ----
HARD = {"seed": 7}
WORLD = (  # number, parent, depth, value, hard: each step of depth gains 0.01, the hard recording costs 0.2
    *((0, None, 1, 0.50, False), (1, 0, 2, 0.51, False), (2, 1, 2, 0.31, True), (3, 1, 3, 0.32, True)),
    *((4, 3, 4, 0.33, True), (5, 4, 5, 0.34, True), (6, 0, 1, 0.30, True)),
)


def hard_and_easy(reward):
    trials = [
        replace(trial(n, parent, value, depth=depth), seeds=HARD if hard else {"seed": 1})
        for n, parent, depth, value, hard in WORLD
    ]
    return Tree(SPACE, OBJECTIVE, trials, reward=reward), trials


def test_the_tree_ranks_by_equal_recordings_and_plain_means_would_not():
    assert hard_and_easy("paired")[0].best().id == 5
    assert hard_and_easy("mean")[0].best().id != 5


def test_gains_rates_and_importance_rest_on_equal_recordings_whatever_the_reward():
    for reward in ("paired", "mean", "min"):
        tree, trials = hard_and_easy(reward)
        assert tree.gain(tree.node(3)) == pytest.approx(0.01, abs=3e-3)
        assert measure(trials, Recordings(tree, trials, OBJECTIVE), 12, 0.005).improvement == 1.0
        assert importance(SPACE, tree).of("depth") == pytest.approx(1.0)
