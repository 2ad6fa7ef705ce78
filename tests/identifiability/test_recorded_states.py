"""What a recording shows is said before any fit."""

import numpy as np
import pytest

from hydra_llm.identifiability.recorded_states import RecordedStates

RNG = np.random.default_rng(0)
TIME = np.arange(2000) * 0.01
WAVES = np.sin(TIME[:, None] * np.linspace(1, 5, 6)) @ RNG.normal(size=(6, 6))


def test_a_recording_that_moves_in_all_directions_has_full_rank_and_no_end():
    seen = RecordedStates.of(WAVES)
    assert (seen.rank, seen.n_constant, seen.n_white) == (6, 0, 0)
    assert "6 of 6 directions" in seen.sentence()
    assert "keep moving" in seen.sentence()


def test_a_decay_is_told_to_be_a_fixed_point():
    seen = RecordedStates.of(1 + np.exp(-3 * TIME)[:, None] * RNG.normal(size=6))
    assert seen.rank == 1
    assert seen.rate < 1e-10
    assert "run into a fixed point" in seen.sentence()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_recording_of_one_state_determines_no_law(dtype):
    rounding = 1 + np.finfo(dtype).eps * RNG.integers(-1, 2, size=(500, 4))
    seen = RecordedStates.of((0.7 * rounding).astype(dtype))
    assert seen.is_constant
    assert "determines no law" in seen.sentence()


def test_units_that_stand_still_and_units_that_are_noise_are_counted():
    states = WAVES.copy()
    states[:, 0], states[:, 1] = 4.0, RNG.normal(size=len(states))
    seen = RecordedStates.of(states)
    assert (seen.n_constant, seen.n_white, seen.is_constant) == (1, 1, False)
    assert "noise without memory" in seen.sentence()
