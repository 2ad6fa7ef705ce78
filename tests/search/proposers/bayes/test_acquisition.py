import numpy as np
import pytest
from scipy.stats import norm

from hydra_llm.search.proposers.bayes.acquisition import _log_h, log_improvement, log_knowledge
from hydra_llm.search.surrogate.gaussian_process import Data, GaussianProcess, Hyperparameters

RNG = np.random.default_rng(0)
NO = np.zeros(1, dtype=bool)  # no interval


@pytest.fixture
def process():
    x = RNG.random((12, 2))
    y = np.sin(6 * x[:, 0])
    return GaussianProcess(
        Data(x, np.arange(2), y, np.full(12, -1), np.ones(2, dtype=bool)),
        Hyperparameters(np.array([0.3, 0.6]), 1.0, 0.05),
    )


def test_log_h_agrees_with_the_formula_and_with_its_asymptote():
    z = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(_log_h(z), np.log(norm.pdf(z) + z * norm.cdf(z)), rtol=1e-6)
    far = np.array([-50.0, -1000.0])
    asymptote = -(far**2) / 2 - np.log(np.sqrt(2 * np.pi)) - 2 * np.log(-far)
    np.testing.assert_allclose(_log_h(far), asymptote, rtol=1e-5)


def test_the_expected_improvement_is_what_joint_draws_of_candidate_and_incumbent_give(process):
    points = RNG.random((2, 2))
    both = process.covariance(points, points)
    draws = RNG.multivariate_normal(process.mean(points), both, size=200_000)
    expected = np.maximum(draws[:, 0] - draws[:, 1], 0).mean()
    assert np.exp(log_improvement(process, points[:1], points[1:]))[0] == pytest.approx(expected, rel=0.03)


def test_the_knowledge_gain_is_what_simulated_runs_of_the_candidate_give(process):
    """Draw what a run would give, condition on it, and see by how much the better of the two rises."""
    drawn = RNG.random((50, 2))
    points = drawn[np.argsort(process.mean(drawn))[-2:]]
    noise = process.hyper.noise
    before = process.mean(points)
    covariance = process.covariance(points, points)
    step = covariance[:, 0] / np.sqrt(covariance[0, 0] + noise)
    after = before + step * RNG.standard_normal((200_000, 1))
    expected = (after.max(1) - after[:, np.argmax(before)]).mean()
    assert np.exp(log_knowledge(process, points[:1], points[1:], noise))[0] == pytest.approx(expected, rel=0.03)


def test_a_run_of_what_is_known_exactly_teaches_nothing():
    x = np.array([[0.2], [0.8]])
    known = Data(np.repeat(x, 400, axis=0), np.zeros(1, dtype=int), np.repeat([0.0, 1.0], 400), np.full(800, -1), NO)
    process = GaussianProcess(known, Hyperparameters(np.array([0.3]), 1.0, 0.05))
    fresh = GaussianProcess(
        Data(x, np.zeros(1, dtype=int), np.array([0.0, 0.1]), np.full(2, -1), NO),
        Hyperparameters(np.array([0.3]), 1.0, 0.05),
    )
    assert log_knowledge(process, x[:1], x[1:], 0.05)[0] < log_knowledge(fresh, x[:1], x[1:], 0.05)[0] - 10
