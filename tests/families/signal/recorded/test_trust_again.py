"""What more noise and fewer frames say of a right and of a wrong regression."""

import pytest
import torch

from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.signal.fitting.given_functions import Terms
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.trust.again import Regressed, added_noise, every_second
from hydra_llm.families.signal.recorded.trust.verdict import FAILS, HOLDS, UNTOLD

N, DELTA_T = 12, 0.02


def network(measurement: float, n_frames: int = 4000) -> Recorded:
    """du = (-u + W tanh(u)) dt + 0.1 per frame of process noise, in 4 Euler steps per frame."""
    draws = torch.Generator().manual_seed(0)
    W = 6 * torch.randn(N, N, generator=draws, dtype=torch.float64) / N**0.5
    W.fill_diagonal_(0)
    u, frames = torch.randn(N, generator=draws, dtype=torch.float64), []
    for _ in range(n_frames):
        for _ in range(4):
            u = u + DELTA_T / 4 * (-u + W @ torch.tanh(u))
        u = u + 0.1 * torch.randn(N, generator=draws, dtype=torch.float64)
        frames.append(u)
    states = torch.stack(frames)
    noise = measurement * torch.randn(states.shape, generator=draws, dtype=torch.float64)
    return Recorded(states + noise, None, DELTA_T)


def by_differences(recorded: Recorded) -> Terms:
    return _terms(Difference("forward").frames(recorded))


def by_smoothing(recorded: Recorded) -> Terms:
    return _terms(Smoothed().frames(recorded))


def _terms(frames) -> Terms:
    return Terms(torch.tanh(frames.activity), frames.target + frames.activity)


def regressed(recorded, read) -> Regressed:
    return Regressed.of(recorded, read, read(recorded), None)


@pytest.mark.parametrize(("read", "finding"), [(by_differences, FAILS), (by_smoothing, HOLDS)])
def test_more_noise_takes_more_from_the_weights_where_noise_has_taken_some(read, finding):
    recorded = network(measurement=0.3)
    verdict = added_noise(regressed(recorded, read), ChannelNoise.of(recorded), 0)
    assert verdict.finding == finding, verdict.sentence
    assert (verdict.scores["added_noise_bias"] > 0.05) == (finding == FAILS)


def test_more_noise_says_nothing_of_a_recording_that_has_hardly_any():
    recorded = network(measurement=0.0)
    assert added_noise(regressed(recorded, by_differences), ChannelNoise.of(recorded), 0).finding == UNTOLD


def test_half_of_the_frames_give_the_same_weights_where_they_are_dense_enough():
    verdict = every_second(regressed(network(measurement=0.0), by_differences))
    assert verdict.finding == HOLDS, verdict.sentence


def test_half_of_the_frames_give_others_where_differences_are_biased_by_their_distance():
    dense = network(measurement=0.0, n_frames=24_000)
    verdict = every_second(regressed(dense.every(6), by_differences))
    assert verdict.finding == FAILS, verdict.sentence
