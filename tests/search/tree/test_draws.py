"""Twelve runs of a baseline and single runs of others, each on seeds of its own."""

import math
from dataclasses import replace

from search_worlds import OBJECTIVE, tree_of, trial

from hydra_llm.search.tree.draws import Draws

BASELINE = (0.51, 0.53, 0.50, 0.52)


def draws(*others):
    """The baseline's runs are trials 0 to 3; the others, one run each, follow."""
    runs = [(value, 1) for value in BASELINE] + [(value, 2 + n) for n, value in enumerate(others)]
    trials = [
        replace(trial(n, None if depth == 1 else 0, value, depth=depth), seeds={"seed": 10 + n})
        for n, (value, depth) in enumerate(runs)
    ]
    return Draws(tree_of(*trials), trials, OBJECTIVE)


def test_a_difference_of_means_compares_what_shares_no_recording():
    found = draws(0.6)
    pair = found.pair(found.tree.node(4), found.tree.node(0))
    assert math.isclose(pair.mean, 0.6 - sum(BASELINE) / 4)


def test_the_best_mean_leads_and_nothing_lacks_a_recording():
    found = draws(0.6, 0.4)
    assert found.leader is found.tree.node(4)
    assert found.challengers == []


def test_a_difference_within_the_scatter_of_single_runs_is_even():
    found = draws(0.514, 0.7)
    baseline, near, far = (found.tree.node(number) for number in (0, 4, 5))
    assert found.is_even(near, baseline)
    assert found.is_worse(baseline, far)


def test_the_noise_of_a_difference_of_two_runs_is_that_of_one_times_the_root_of_two():
    found = draws(0.6)
    assert math.isclose(found.paired.sd, math.sqrt(2.0) * found.repeated.sd)
    assert found.repeated.freedom == 3
    assert found.between is None
