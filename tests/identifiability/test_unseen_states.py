"""States that lie where the training did not go are told from those of another start."""

import numpy as np
import pytest

from hydra_llm.identifiability.unseen_states import MOST, distance, sentence


@pytest.fixture
def states():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4000, 5)) @ np.diag([10.0, 3.0, 1.0, 0.1, 0.01]) + 2.0


def test_states_of_the_same_kind_are_at_one(states):
    assert distance(states[:2000], states[2000:]) == pytest.approx(1.0, rel=0.1)
    assert sentence(states[:2000], states[2000:]) == ""


def test_a_shift_counts_in_the_units_of_its_direction(states):
    small = np.array([0.0, 0.0, 0.0, 0.0, 0.2])  # twenty standard deviations of the last direction
    assert distance(states, states + small) == pytest.approx(1.0 + 20.0**2 / 5, rel=0.1)
    assert distance(states, states + small[::-1]) == pytest.approx(1.0, rel=0.1), "nothing beside a width of 10"
    assert "unknown where it is judged" in sentence(states, states + small)


def test_nothing_is_said_of_wide_recordings_and_of_those_that_stand_still(states):
    wide = np.random.default_rng(1).normal(size=(600, 513))
    assert distance(wide, wide + 100.0) is None
    assert distance(np.ones((50, 3)), np.zeros((50, 3))) is None
    assert sentence(np.ones((50, 3)), np.zeros((50, 3))) == ""


def test_a_direction_of_rounding_is_left_out(states):
    flat = states.copy()
    flat[:, 4] = 2.0 + 1e-12 * states[:, 4]
    found = distance(flat, flat + np.array([0.0, 0.0, 0.0, 0.0, 1e-6]))
    assert found is not None
    assert found < MOST
