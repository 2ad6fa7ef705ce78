"""Regression on features with measurement noise: not attenuated, and as sure as it says."""

import numpy as np
import pytest
import torch

from hydra_llm.identifiability.least_squares import factorise
from hydra_llm.identifiability.noisy_features import corrected_inverse, corrected_regression

ROWS, N = 3000, 8


def _lasting(draws, memory, columns):
    """Unit variance, correlation `memory` from row to row [row, column]."""
    x, kicks = np.empty((ROWS, columns)), draws.standard_normal((ROWS, columns))
    x[0] = kicks[0]
    for row in range(1, ROWS):
        x[row] = memory * x[row - 1] + (1 - memory**2) ** 0.5 * kicks[row]
    return x


def _problem(seed, *, noise, remainder=1.0, memory=0.8, scale=1.0):
    """Features with noise of that variance, targets, and true weights [feature, target], the own one zero."""
    draws = np.random.default_rng(seed)
    true, W = _lasting(draws, 0.95, N), scale * draws.standard_normal((N, N))
    np.fill_diagonal(W, 0)
    target = true @ W + remainder * _lasting(draws, memory, N)
    features = true + noise**0.5 * draws.standard_normal(true.shape)
    return torch.from_numpy(features), torch.from_numpy(target), torch.from_numpy(W)


def _regression(features, target, noise, **keys):
    factor = factorise([(features, target)])
    return corrected_regression(features, target, torch.full((N,), noise, dtype=torch.float64), factor, **keys)


def _slope(found, W):
    return float((found * W).sum() / W.square().sum())


def test_weights_are_attenuated_by_noise_unless_its_variance_is_taken_out():
    features, target, W = _problem(0, noise=0.2)
    assert _slope(_regression(features, target, 0.0, constrain=True).weights, W) < 0.9
    assert _slope(_regression(features, target, 0.2, constrain=True).weights, W) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_errors_hold_under_noise_of_features_and_a_remainder_that_lasts(noise, memory):
    off, z = ~torch.eye(N, dtype=torch.bool), []
    for seed in range(12):
        features, target, W = _problem(seed, noise=noise, memory=memory)
        found = _regression(features, target, noise, constrain=True)
        z.append(((found.weights - W) / found.variance.sqrt())[off])
    squares = torch.stack(z).square()
    assert 0.85 < float(squares.mean()) < 1.2
    assert 0.92 < float((squares < 1.96**2).double().mean()) < 0.98


def test_a_count_of_rows_as_independent_would_be_far_too_sure():
    features, target, _ = _problem(0, noise=0.0, memory=0.9)
    found = _regression(features, target, 0.0)
    white = torch.linalg.inv(features.T @ features).diagonal() * (target - features @ found.weights).square().mean()
    assert float((found.variance / white[:, None]).mean()) > 3


def test_likely_weights_are_closer_where_the_rows_hardly_tell_and_the_same_where_they_do():
    errors = {}
    for scale in (0.03, 10.0):
        features, target, W = _problem(1, noise=0.2, scale=scale)
        found = _regression(features, target, 0.2, constrain=True)
        errors[scale] = [float((part - W).square().sum()) for part in (found.likely, found.weights)]
    assert errors[0.03][0] < 0.7 * errors[0.03][1]
    assert errors[10.0][0] == pytest.approx(errors[10.0][1], rel=0.05)


def test_one_direction_of_noise_alone_leaves_the_likely_weights_small():
    features, target, W = _problem(5, noise=1e-4)
    features[:, 1] = features[:, 0] + 1e-2 * torch.from_numpy(np.random.default_rng(6).standard_normal(ROWS))
    found = _regression(features, target, 1e-4, constrain=True)
    assert float(found.weights[:2].abs().max()) > 20
    assert float(found.likely.abs().max()) < 2 * float(W.abs().max())
    assert not (found.variance < found.prior / 3)[:2, 2:].any()


def test_the_own_source_stays_at_zero():
    features, target, _ = _problem(2, noise=0.1)
    found = _regression(features, target, 0.1, constrain=True)
    for part in (found.weights, found.variance, found.likely):
        assert not part.diagonal().any()


def test_without_noise_the_weights_are_those_of_least_squares():
    features, target, _ = _problem(3, noise=0.0)
    expected = torch.linalg.lstsq(features, target).solution
    torch.testing.assert_close(_regression(features, target, 0.0).weights, expected)


def test_features_of_noise_alone_have_no_negative_variance():
    features = torch.from_numpy(np.random.default_rng(4).standard_normal((ROWS, N)))
    inverse = corrected_inverse(factorise([(features, features)]), torch.full((N,), 1.1, dtype=torch.float64))
    assert float(torch.linalg.eigvalsh(inverse)[0]) > 0
