"""Equations in weak form of a noisy recording: the weights of a known law are not too small, and their errors hold."""

import numpy as np
import pytest
import torch

from hydra_llm.estimation.noise import noise_levels
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection
from hydra_llm.families.signal.fitting.noisy_equations import NoisyEquations, Window

N, DELTA_T = 10, 0.02


def recorded_network(seed, *, n_frames=4000, process=0.05, measurement=0.0, driven=False, sequence_start=None):
    """W [target, source] and a recording of du = (-u + W tanh(u) + input) dt + noise."""
    draws = np.random.default_rng(seed)
    W = 5 * draws.standard_normal((N, N)) / N**0.5
    np.fill_diagonal(W, 0)
    held = 3 * draws.standard_normal((n_frames // 50 + 1, N)).repeat(50, axis=0)[:n_frames] * driven
    u, dt, states = draws.standard_normal(N), DELTA_T / 4, np.empty((n_frames, N))
    for frame in range(n_frames):
        if sequence_start is not None and frame in sequence_start:
            u = draws.standard_normal(N)
        states[frame] = u
        for _ in range(4):
            slope = -u + W @ np.tanh(u) + held[frame]
            there = u + dt * slope
            u = u + dt / 2 * (slope - there + W @ np.tanh(there) + held[frame]) + process / 2 * draws.standard_normal(N)
    noisy = states + measurement * states.std() * draws.standard_normal(states.shape)
    starts = None if sequence_start is None else torch.tensor(sequence_start)
    return W, Recorded(torch.from_numpy(noisy), torch.from_numpy(held) if driven else None, DELTA_T, starts)


def _given(recorded, measurement, window):
    return NoiseCorrection(NoisyEquations(recorded, measurement, window)).terms(torch.tanh, torch.neg)


def _terms(recorded, window=None):
    levels = noise_levels(recorded)
    left = levels.measurement if levels.is_noise else torch.zeros_like(levels.measurement)
    return _given(recorded, left, window or Window.of(recorded))


def test_under_measurement_noise_weights_keep_their_size_and_intervals_hold_the_truth():
    pairs, z = [], []
    for seed in range(6):
        W, recorded = recorded_network(seed, measurement=0.1)
        found = weights_given_functions(_terms(recorded))
        told = found.determined
        pairs.append((found.value[told], W[told]))
        z.append((found.value - W)[told] / found.error[told])
    value, true, z = (*(np.concatenate(part) for part in zip(*pairs, strict=True)), np.concatenate(z))
    assert len(z) > 300
    assert (value * true).sum() / (true**2).sum() == pytest.approx(1, abs=0.03)
    assert 0.8 < (z**2).mean() < 1.25
    assert 0.92 < (np.abs(z) < 1.96).mean() < 0.98


def test_smoothing_first_and_regressing_later_gives_weights_that_are_too_small_and_too_sure():
    off, found_slopes, z = ~np.eye(N, dtype=bool), [], []
    for seed in range(6):
        W, recorded = recorded_network(seed, measurement=0.1)
        frames = Smoothed().frames(recorded)
        terms = Terms(torch.tanh(frames.activity), frames.target + frames.activity)
        found = weights_given_functions(terms)
        found_slopes.append((found.value * W).sum() / (W**2).sum())
        z.append(((found.value - W) / np.maximum(found.error, 1e-300))[off])
    assert np.mean(found_slopes) < 0.97
    assert (np.concatenate(z) ** 2).mean() > 1.4


def test_an_input_that_is_held_over_a_frame_and_a_jump_leave_the_equations_exact():
    W, recorded = recorded_network(1, process=0.0, driven=True, sequence_start=[0, 1000, 2500])
    terms = _terms(recorded, Window(12, 0))
    left = terms.rest - terms.message @ torch.from_numpy(W).T
    assert float(left.std()) < 0.005 * float(terms.rest.std())
    assert len(terms.rest) == 4000 - 3 * 24


def test_without_noise_nothing_is_taken_out_of_the_gram_matrix():
    _, recorded = recorded_network(2, process=0.0)
    assert not _terms(recorded).noise.any()


def test_the_noise_of_a_message_is_the_variance_that_repeated_measurements_show():
    _, recorded = recorded_network(3, n_frames=3000, process=0.02)
    sd, window = 0.3, Window(8, 3)
    draws = torch.Generator().manual_seed(0)
    variance = torch.full((N,), sd**2, dtype=torch.float64)

    def measured():
        noise = sd * torch.randn(recorded.activity.shape, generator=draws, dtype=torch.float64)
        return _given(Recorded(recorded.activity + noise, None, DELTA_T), variance, window)

    repeats = [measured() for _ in range(12)]
    seen = torch.stack([terms.message for terms in repeats]).var(dim=0).mean(dim=0)
    assert float((repeats[0].noise / seen).mean()) == pytest.approx(1, abs=0.05)
    exact = _given(recorded, 0 * variance, Window(8, 0)).message[3:-3]
    bias = (torch.stack([terms.message for terms in repeats]).mean(dim=0) - exact).mean(dim=0)
    assert float(bias.abs().max()) < 0.01


def test_a_stretch_that_is_too_short_is_a_sentence():
    _, recorded = recorded_network(4, n_frames=30)
    with pytest.raises(ValueError, match=r"Equations over 41 frames need as many without a jump"):
        _given(recorded, torch.zeros(N, dtype=torch.float64), Window(16, 4))
