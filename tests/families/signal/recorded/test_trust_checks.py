"""Each check says what it should of a recording whose answer is known."""

import numpy as np
import pytest
import torch

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.fitting.given_functions import Terms
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.predictions import Steps, one_step, rivals
from hydra_llm.families.signal.recorded.trust.horizon import rollout_verdict, rollouts_over_horizon
from hydra_llm.families.signal.recorded.trust.innovations import white_innovations
from hydra_llm.families.signal.recorded.trust.prediction import beats_rivals
from hydra_llm.families.signal.recorded.trust.verdict import FAILS, HOLDS, UNTOLD
from hydra_llm.families.signal.recorded.trust.weights_checks import halves, halves_verdict, shifted_inputs

N, RATE = 6, 0.97


def law(u, external=None):
    """A unit that turns a bit and bends: what no linear model predicts."""
    return RATE * u + 0.3 * torch.tanh(3 * u.roll(1, dims=-1)) - 0.2 * torch.sin(2 * u)


def recording(n_frames, seed, process=0.05, measurement=0.0):
    draws = torch.Generator().manual_seed(seed)
    u, frames = torch.randn(N, generator=draws, dtype=torch.float64), []
    for _ in range(n_frames):
        frames.append(u)
        u = law(u) + process * torch.randn(N, generator=draws, dtype=torch.float64)
    x = torch.stack(frames)
    return Recorded(x + measurement * torch.randn(x.shape, generator=draws, dtype=torch.float64), None, 0.1)


@pytest.fixture(scope="module")
def parts():
    return recording(1500, 0), recording(400, 1), recording(400, 2)


def predictors(train, validation, network):
    return {"network": network, **rivals(train, validation)}


def test_the_law_beats_what_predicts_without_it_and_a_random_walk_does_not(parts):
    train, validation, test = parts
    assert beats_rivals(one_step(predictors(train, validation, law), train, test)).finding == HOLDS
    stays = one_step(predictors(train, validation, lambda u, external: u), train, test)
    assert beats_rivals(stays).finding == FAILS


def test_rollouts_of_the_law_reach_further_than_those_of_half_a_law(parts):
    train, validation, test = parts
    others = rivals(train, validation)
    right = rollouts_over_horizon(law, others, test)
    wrong = rollouts_over_horizon(lambda u, external: 0.5 * u, others, test)
    assert rollout_verdict(right, 0.1).finding == HOLDS
    assert rollout_verdict(wrong, 0.1).finding == FAILS


def test_innovations_are_white_under_the_law_and_not_where_a_part_of_it_is_missing(parts):
    noise, steps = ChannelNoise.of(parts[0]), Steps.of(parts[2])
    assert white_innovations(steps, law, noise).finding == HOLDS
    assert white_innovations(steps, lambda u, external: RATE * u, noise).finding == FAILS


def test_the_memory_that_measurement_noise_gives_to_innovations_is_no_failure():
    train, test = (recording(4000, seed, process=0.2, measurement=0.3) for seed in (3, 4))
    smooth_law = Steps.of(test)
    found = white_innovations(smooth_law, lambda u, external: u, ChannelNoise.of(train))
    assert found.scores["test_innovation_correlation"] < -0.15


def test_a_smooth_recording_cannot_tell_whether_innovations_are_white():
    time = torch.linspace(0, 20, 800, dtype=torch.float64)
    smooth = Recorded(torch.stack([torch.sin(time + k) for k in range(N)], dim=1), None, 0.1)
    assert white_innovations(Steps.of(smooth), lambda u, external: u, ChannelNoise.of(smooth)).finding == UNTOLD


def terms(n_frames=1200, size=1.0):
    draws = np.random.default_rng(0)
    message, W = np.tanh(draws.standard_normal((n_frames, N))), size * draws.standard_normal((N, N))
    np.fill_diagonal(W, 0)
    rest = message @ W.T + draws.standard_normal((n_frames, N))
    return Terms(torch.from_numpy(message), torch.from_numpy(rest)), W


def test_halves_of_a_recording_give_the_same_weights_unless_there_are_none_to_find():
    found, W = terms()
    assert halves_verdict(halves(found, W, None)).finding == HOLDS
    lost, W = terms(size=0.02)
    assert halves_verdict(halves(lost, W, None)).finding in (FAILS, UNTOLD)


def test_weights_that_differ_from_those_of_the_halves_agree_less():
    found, W = terms()
    agreements = [halves(found, factor * W, None).agreement for factor in (1.0, 0.8, 0.4, -1.0)]
    assert agreements == sorted(agreements, reverse=True)
    assert agreements[0] > 0.95


def test_intervals_of_sources_that_cannot_matter_exclude_zero_as_seldom_as_they_should():
    found, _ = terms()
    verdict = shifted_inputs(found, None, 0)
    assert verdict.finding == HOLDS
    assert verdict.scores["permutation_false_positives"] < 0.2
