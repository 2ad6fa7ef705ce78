import numpy as np
import pytest
import torch

from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed, smooth


def test_the_banded_solution_is_that_of_dense_least_squares():
    y = np.random.default_rng(0).normal(size=(12, 2))
    D = np.diff(np.eye(12), n=3, axis=0)
    assert np.allclose(smooth(y, 7.0)[0], np.linalg.solve(np.eye(12) + 7.0 * D.T @ D, y))


def test_cross_validation_brings_states_and_derivatives_near_the_truth(record):
    clean, noisy = record(1000), record(1000, measurement=0.05)
    x, _ = Smoothed().path(noisy)
    assert (x - clean.activity).std() < 0.4 * 0.05
    smoothed, plain = Smoothed().frames(noisy).target, Difference("fourth").frames(noisy).target
    exact = Difference("eighth").frames(clean).target
    assert (smoothed[2:-2] - exact).std() < 0.1 * (plain[2:-2] - exact).std()


def test_noisier_units_are_smoothed_more(record):
    recorded = record(1000)
    noise = torch.randn(1000, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    noisy = Recorded(recorded.activity + noise * torch.tensor([0.01, 0.2]).double(), None, recorded.delta_t)
    _, strength = Smoothed().path(noisy)
    assert strength[1] > 5 * strength[0]


def test_sequences_are_smoothed_apart(record):
    noisy = record(400, measurement=0.01, sequence=200)
    x, _ = Smoothed().path(noisy)
    alone, _ = Smoothed().path(Recorded(noisy.activity[200:], None, noisy.delta_t))
    assert torch.equal(x[200:], alone)


@pytest.mark.parametrize("n_frames", [1, 3])
def test_what_is_too_short_to_smooth_stays_as_it_is(n_frames):
    y = np.arange(n_frames, dtype=float)[:, None] ** 3
    assert np.array_equal(smooth(y, None)[0], y)
