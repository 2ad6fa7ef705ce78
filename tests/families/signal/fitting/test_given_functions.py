"""Intervals of weights hold the truth as often as they say, and none is given for what the data do not tell."""

import numpy as np
import pytest
import torch

from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions

N_FRAMES, N = 1500, 12


def _smooth(draws, memory):
    """Unit variance, correlation `memory` from frame to frame [frame, unit]."""
    x, kicks = np.empty((N_FRAMES, N)), draws.standard_normal((N_FRAMES, N))
    x[0] = kicks[0]
    for frame in range(1, N_FRAMES):
        x[frame] = memory * x[frame - 1] + (1 - memory**2) ** 0.5 * kicks[frame]
    return x


def _problem(seed, memory_of_noise):
    draws = np.random.default_rng(seed)
    message, W = np.tanh(2 * _smooth(draws, 0.9)), draws.standard_normal((N, N))
    np.fill_diagonal(W, 0)
    rest = message @ W.T + 2 * _smooth(draws, memory_of_noise)
    return Terms(torch.from_numpy(message), torch.from_numpy(rest)), W


@pytest.mark.parametrize("memory", [0.0, 0.7])
@pytest.mark.parametrize(("level", "low", "high"), [(0.90, 0.85, 0.95), (0.95, 0.91, 0.985)])
def test_intervals_hold_the_truth_as_often_as_they_say_under_white_and_under_lasting_noise(memory, level, low, high):
    off, inside = ~np.eye(N, dtype=bool), []
    for seed in range(12):
        terms, W = _problem(seed, memory)
        found = weights_given_functions(terms)
        inside.append((np.abs(found.value - W) < found.reach(level) * found.error)[off])
    assert low < np.mean(inside) < high


def test_the_error_that_takes_lasting_noise_for_white_would_be_too_small():
    from hydra_llm.identifiability.evidence import evidence_ridge

    off, inside = ~np.eye(N, dtype=bool), []
    for seed in range(6):
        terms, W = _problem(seed, 0.7)
        ridge = evidence_ridge(terms.factor(), constrain=True)
        distance = np.abs(ridge.weights.T.numpy() - W) / ridge.variance.sqrt().T.numpy().clip(1e-300)
        inside.append((distance < 1.96)[off])
    assert np.mean(inside) < 0.85


def test_two_sources_that_send_the_same_are_not_determined_and_the_others_are():
    terms, _ = _problem(0, 0.0)
    message = terms.message.clone()
    message[:, 1] = message[:, 0]
    found = weights_given_functions(Terms(message, terms.rest))
    assert not found.determined[2:, :2].any()
    assert found.determined[2:, 2:][~np.eye(N - 2, dtype=bool)].all()


def test_on_known_synapses_the_others_stay_zero_and_errors_shrink():
    terms, W = _problem(3, 0.0)
    synapses = torch.from_numpy(np.random.default_rng(5).random((N, N)) < 0.5).fill_diagonal_(False)
    kept = W * synapses.numpy()
    rest = terms.rest - terms.message @ torch.from_numpy(W - kept).T
    known = weights_given_functions(Terms(terms.message, rest), synapses)
    free = weights_given_functions(Terms(terms.message, rest))
    assert not known.value[~synapses.numpy()].any()
    own = synapses.numpy()
    assert np.abs(known.value - kept)[own].max() < 1.0
    assert np.median(known.error[own]) < np.median(free.error[own])
