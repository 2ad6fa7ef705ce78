"""The distance to the ideal point keeps to dominance whatever the weights, and reaches every part of a front."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.search.trial.tradeoff import Frame, drawn_weights, even_weights, non_dominated

NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=12)


def dominates(one, other):
    return bool((one <= other).all() and (one < other).any())


@given(POINTS)
def test_the_front_is_what_no_other_point_beats(points):
    losses = np.array(points)
    expected = [not any(dominates(other, point) for other in losses) for point in losses]
    assert list(non_dominated(losses)) == expected


@given(POINTS, st.integers(0, 99))
def test_a_point_that_another_one_beats_is_farther_whatever_the_weights(points, seed):
    losses = np.array(points)
    distance = Frame.of(losses).distance(losses, drawn_weights(3, np.random.default_rng(seed)))
    for i, one in enumerate(losses):
        for j, other in enumerate(losses):
            if dominates(one, other):
                assert distance[i] <= distance[j]


def test_every_point_of_a_front_is_the_nearest_for_some_weights():
    x = np.linspace(0.0, 1.0, 6)
    losses = np.column_stack([x, 1.0 - x**2])  # bent the way that no weighted sum reaches its middle
    frame = Frame.of(losses)
    nearest = {int(np.argmin(frame.distance(losses, np.array([w, 1.0 - w])))) for w in np.linspace(0.01, 0.99, 99)}
    assert nearest == set(range(6))


def test_zero_is_the_best_of_all_and_one_the_worst_of_the_front_in_any_unit():
    losses = np.array([[0.0, 3000.0], [2.0, 1000.0]])
    frame = Frame.of(losses)
    ends = frame.distance(np.array([[0.0, 1000.0], [2.0, 3000.0]]), even_weights(2))
    assert ends == pytest.approx([0.0, 1.0])


def test_a_front_of_one_point_is_scaled_by_the_other_trials():
    frame = Frame.of(np.array([[0.0, 0.0], [4.0, 1.0], [5.0, 2.0]]))
    assert frame.extent == pytest.approx((0.4, 0.1))
    assert Frame.of(np.array([[1.0, 1.0]])).extent == (1.0, 1.0)
