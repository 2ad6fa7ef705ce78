"""The ridge of largest evidence, against the long way round and against the width it should find."""

import pytest
import torch

from hydra_llm.identifiability.evidence import evidence_ridge
from hydra_llm.identifiability.least_squares import Solver, factorise


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(1)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)


def noisy(draw, n_rows, n, noise):
    """Correlated features [row, n], weights of width 0.5 with a zero diagonal, and noisy targets."""
    features = draw(n_rows, n) @ (torch.eye(n, dtype=torch.float64) + 0.9 * draw(n, n))
    W = (0.5 * draw(n, n)).fill_diagonal_(0)
    return features, W, features @ W + noise * draw(n_rows, n)


def log_evidence(features, target, strength, noise):
    """Log density of a target under N(0, noise + noise/strength features features^T)."""
    cov = noise * (torch.eye(len(target), dtype=torch.float64) + features @ features.T / strength)
    return float(torch.distributions.MultivariateNormal(torch.zeros(len(target)).double(), cov).log_prob(target))


def test_strength_and_noise_maximise_the_evidence_of_each_target_without_its_own_feature(draw):
    features, _, targets = noisy(draw, 60, 6, 1.0)
    found = evidence_ridge(factorise([(features, targets)]), constrain=True)
    for i in (0, 4):
        others = features[:, [j for j in range(6) if j != i]]
        strength, noise = float(found.strength[i]), float(found.noise[i])
        best = log_evidence(others, targets[:, i], strength, noise)
        for changed in ((strength * 1.1, noise), (strength / 1.1, noise), (strength, noise * 1.1)):
            assert log_evidence(others, targets[:, i], *changed) < best


def test_weights_and_variance_are_those_of_the_problem_without_the_own_feature(draw):
    features, _, targets = noisy(draw, 60, 5, 1.0)
    found = evidence_ridge(factorise([(features, targets)]), constrain=True)
    for i in range(5):
        others = [j for j in range(5) if j != i]
        X, eye = features[:, others], torch.eye(4, dtype=torch.float64)
        inverse = torch.linalg.inv(X.T @ X + found.strength[i] * eye)
        torch.testing.assert_close(found.weights[others, i], inverse @ X.T @ targets[:, i])
        torch.testing.assert_close(found.variance[others, i], inverse.diagonal() * found.noise[i])
    assert found.weights.diagonal().eq(0).all()


def test_it_comes_nearer_to_the_truth_than_least_squares_and_knows_how_near(draw):
    features, W, targets = noisy(draw, 80, 40, 4.0)
    factor = factorise([(features, targets)])
    found, plain = evidence_ridge(factor, constrain=True), Solver(factor, 2e-16).least_squares()[0]
    assert (found.weights - W).square().mean() < 0.7 * (plain - W).square().mean()
    off = ~torch.eye(40, dtype=torch.bool)
    inside = ((found.weights - W).abs() < 1.645 * found.variance.sqrt())[off].double().mean()
    assert float(inside) == pytest.approx(0.9, abs=0.05)


def test_exact_targets_are_fitted_exactly_and_an_undetermined_direction_stays_at_zero(draw):
    features = draw(200, 6)
    features[:, 5] = 0
    W = draw(6, 3)
    found = evidence_ridge(factorise([(features, features @ W)]))
    torch.testing.assert_close(found.weights[:5], W[:5], rtol=1e-6, atol=1e-8)
    assert found.weights[5].abs().max() == 0


def test_a_constrained_problem_is_square(draw):
    with pytest.raises(ValueError, match="as many targets as features, got 3 and 4"):
        evidence_ridge(factorise([(draw(20, 4), draw(20, 3))]), constrain=True)
