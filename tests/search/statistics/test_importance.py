"""Importance finds what the score depends on, from few records and from many, and is silent where nothing is known."""

import math
import random

import pytest
from search_worlds import SPACE, tree_of, trial

from hydra_llm.search.statistics.importance import ENOUGH, FEW, importance, with_errors


def drawn(count, value, seed=0):
    """Trials at random places, each with value(lr, depth, net)."""
    rng = random.Random(seed)
    trials = []
    for number in range(count):
        lr, depth, net = 10 ** rng.uniform(-4, 0), rng.randint(1, 20), rng.choice("abc")
        trials.append(trial(number, None, value(lr, depth, net), lr=lr, depth=depth, net=net))
    return tree_of(*trials)


@pytest.mark.parametrize(("count", "method"), [(12, "variance explained alone"), (60, "PED-ANOVA")])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", lambda lr, depth, net: math.log10(lr)),
        ("depth", lambda lr, depth, net: -depth),
        ("net", lambda lr, depth, net: 1.0 + (net == "b")),
    ],
)
def test_the_parameter_that_decides_is_the_most_important_one(count, method, name, value):
    found = importance(SPACE, drawn(count, value))
    assert found.method == method
    assert max(found.shares, key=found.shares.get) == name
    assert all(0.0 <= share <= 1.0 + 1e-9 for share in found.shares.values())


def test_an_optimum_inside_the_range_is_seen_once_there_are_enough_records():
    found = importance(SPACE, drawn(80, lambda lr, depth, net: -((math.log10(lr) + 2) ** 2)))
    assert found.shares["lr"] > 0.6


def test_nothing_is_said_from_few_records_equal_scores_or_a_parameter_that_never_moved():
    assert importance(SPACE, drawn(FEW - 1, lambda lr, depth, net: lr)).shares is None
    assert importance(SPACE, drawn(ENOUGH, lambda lr, depth, net: 0.5)).shares is None
    still = tree_of(*(trial(n, None, n / 10, lr=0.1 / 2**n) for n in range(FEW + 1)))
    assert set(importance(SPACE, still).shares) == {"lr"}


def test_the_same_records_give_the_same_numbers():
    tree = drawn(40, lambda lr, depth, net: lr * depth)
    assert importance(SPACE, tree) == importance(SPACE, tree)


@pytest.mark.parametrize("count", [15, 60])
def test_a_parameter_that_decides_is_told_from_chance_and_noise_is_not(count):
    decided = with_errors(SPACE, drawn(count, lambda lr, depth, net: math.log10(lr)))
    assert decided.is_carried
    assert set(decided.errors) == set(decided.shares)
    noise = random.Random(1)
    assert not with_errors(SPACE, drawn(count, lambda lr, depth, net: noise.random())).is_carried


def test_errors_leave_the_shares_as_they_are_and_say_nothing_where_those_do_not():
    tree = drawn(30, lambda lr, depth, net: depth + math.log10(lr))
    assert with_errors(SPACE, tree).shares == importance(SPACE, tree).shares
    few = with_errors(SPACE, drawn(FEW - 1, lambda lr, depth, net: lr))
    assert few.shares is None
    assert not few.is_carried
