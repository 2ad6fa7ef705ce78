import numpy as np
import pytest
from scipy.optimize import check_grad

from hydra_llm.search.surrogate.gaussian_process import Data, GaussianProcess, Hyperparameters, _Loss, fit

RNG = np.random.default_rng(0)


def data(n=30, noise=0.1, recordings=None, parameters=3, interval=(False, False, False)):
    rng = np.random.default_rng(1)
    x = rng.random((n, parameters))
    y = np.sin(5 * x[:, 0]) + x[:, 1] + noise * rng.standard_normal(n)
    seen = np.full(n, -1) if recordings is None else recordings
    return Data(x, np.arange(parameters), (y - y.mean()) / y.std(), seen, np.array(interval))


@pytest.mark.parametrize("recordings", [None, np.arange(30) % 4])
def test_the_gradient_of_the_loss_is_that_of_finite_differences(recordings):
    loss = _Loss(data(recordings=recordings, interval=(True, False, True)), 3)
    for start in loss.starts():
        assert check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], start) < 1e-4


@pytest.mark.parametrize("interval", [(False, False, False), (True, True, False)])
def test_the_posterior_is_that_of_the_textbook_formula(interval):
    given = data(12, interval=interval)
    hyper = Hyperparameters(np.array([0.4, 0.7, 2.0]), 1.3, 0.05)
    process = GaussianProcess(given, hyper)
    new = RNG.random((5, 3))

    def kernel(a, b):
        r = np.sqrt(5 * (((a[:, None, :] - b[None, :, :]) / hyper.lengths) ** 2).sum(2))
        bowls = [((2 * x[:, list(interval)] - 1) ** 2 - 1 / 3) for x in (a, b)]
        shared = [np.sqrt(2 / max(1, sum(interval))) * bowl.sum(1) for bowl in bowls]
        stationary = hyper.signal * (1 + r + r**2 / 3) * np.exp(-r)
        return stationary + 0.25 + bowls[0] @ bowls[1].T + np.outer(*shared)

    def prior(x):
        return -3 * ((2 * x[:, list(interval)] - 1) ** 2 - 1 / 3).sum(1) / np.sqrt(max(1, sum(interval)))

    inverse = np.linalg.inv(kernel(given.features, given.features) + (hyper.noise + 1e-9) * np.eye(12))
    cross = kernel(new, given.features)
    mean, variance = process.posterior(new)
    expected = kernel(new, new) - cross @ inverse @ cross.T
    np.testing.assert_allclose(mean, prior(new) + cross @ inverse @ (given.targets - prior(given.features)), rtol=1e-8)
    np.testing.assert_allclose(process.mean(new), mean)
    np.testing.assert_allclose(variance, np.diag(expected), rtol=1e-7)
    np.testing.assert_allclose(process.covariance(new, new), expected, rtol=1e-6, atol=1e-10)


def test_a_fit_finds_the_parameters_that_matter_and_about_the_noise_that_was_added():
    process, _ = fit(data(80, noise=0.2), 3)
    lengths = process.hyper.lengths
    assert lengths[0] < lengths[2]
    spread = np.var(np.sin(5 * RNG.random(1000)) + RNG.random(1000)) + 0.04
    assert process.hyper.noise == pytest.approx(0.04 / spread, rel=0.6)


def test_a_difference_between_recordings_is_not_taken_for_one_between_configurations():
    """Half of the configurations saw a recording that is worth 3 more; the process that knows it ranks them fairly."""
    rng = np.random.default_rng(3)
    x = rng.random((40, 1))
    seen = np.arange(40) % 4
    lucky = np.array([3.0, 0.0, 0.0, 0.0])[seen]
    truth = -((x[:, 0] - 0.5) ** 2) * 8
    y = truth + lucky + 0.05 * rng.standard_normal(40)
    scaled = (y - y.mean()) / y.std()
    errors = []
    for known in (seen, np.full(40, -1)):
        mean = fit(Data(x, np.zeros(1, dtype=int), scaled, known, np.ones(1, dtype=bool)), 1)[0].mean(x)
        errors.append(1 - np.corrcoef(mean, truth)[0, 1])
    assert errors[0] < 0.1 < errors[1]


def test_running_trials_lower_the_doubt_and_leave_the_mean():
    process, _ = fit(data(20), 3)
    here = RNG.random((1, 3))
    later = process.believing(here)
    near = here + 0.01
    assert later.posterior(near)[1] < process.posterior(near)[1]
    assert later.mean(near) == pytest.approx(process.mean(near), abs=0.02)


def test_equal_configurations_and_equal_values_are_no_reason_to_fail():
    x = np.repeat(RNG.random((2, 3)), 5, axis=0)
    process, _ = fit(Data(x, np.arange(3), np.zeros(10), np.full(10, -1), np.zeros(3, dtype=bool)), 3)
    assert np.isfinite(process.posterior(x)[0]).all()


def test_parabolas_learn_from_a_dozen_noisy_runs_that_ends_of_intervals_are_bad():
    """A bowl under noise as large as itself: with parabolas, corners are believed to be below the middle."""
    rng = np.random.default_rng(5)
    middle, corners = np.full((1, 5), 0.5), rng.integers(0, 2, (20, 5)).astype(float)
    believed = []
    for interval in (np.ones(5, dtype=bool), np.zeros(5, dtype=bool)):
        gaps = []
        for seed in range(10):
            own = np.random.default_rng(seed)
            x = own.random((14, 5))
            truth = -((x - 0.5) ** 2).sum(1)
            y = truth + truth.std() * own.standard_normal(14)
            given = Data(x, np.arange(5), (y - y.mean()) / y.std(), np.full(14, -1), interval)
            process, _ = fit(given, 5)
            gaps.append(float((process.mean(middle) - process.mean(corners)).mean()))
        believed.append(np.mean(gaps))
    assert believed[0] > 3 * believed[1] > 0


def test_the_middle_of_intervals_is_expected_above_their_ends_until_runs_say_otherwise():
    """Three runs in the inner half say nothing of the ends; twenty on a slope put one of the ends first."""
    rng = np.random.default_rng(7)
    places, interval = np.array([[0.0], [0.5], [1.0]]), np.ones(1, dtype=bool)
    hyper = Hyperparameters(np.array([0.6]), 1.0, 0.05)
    few, many = rng.uniform(0.25, 0.75, (3, 1)), rng.random((20, 1))

    def believed(x, y):
        given = Data(x, np.arange(1), y, np.full(len(x), -1), interval)
        return GaussianProcess(given, hyper).mean(places)

    low, middle, high = believed(few, np.zeros(3))
    assert middle > max(low, high) + 0.3
    low, middle, high = believed(many, 4.0 * (many[:, 0] - many[:, 0].mean()))
    assert high > middle > low
    choices = Data(few, np.arange(1), np.zeros(3), np.full(3, -1), ~interval)
    assert np.abs(GaussianProcess(choices, hyper).mean(places)).max() < 1e-12, "choices have no middle"
