"""A Gaussian process with a Matern-5/2 kernel, one length scale per parameter, learnt noise and a random effect of the
recording, around a constant and parabolas along intervals; Rasmussen & Williams (2006), chapters 2, 2.7 and 5.

The target has zero mean and unit variance. Length scales carry the log-normal prior of Hvarfner, Hellsten & Nardi
(2024, arXiv:2402.02229), which grows with the root of the number of parameters, so that few points do not claim more
structure than they can show. What is fitted is the mode of the posterior of the logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.linalg.lapack import dpotri  # type: ignore[attr-defined]  # compiled, without a stub
from scipy.optimize import minimize

Array = npt.NDArray[np.float64]

NOISE_FLOOR = 1e-3  # least variance of a run, of a target of unit variance
MEAN_VARIANCE = 0.25  # of the constant mean, marginalised
BOWL, SHARED_BOWL = 1.0, 2.0  # variances of the coefficients of parabolas (docs/decisions/0177)
SHARED_MEAN = -3.0  # mean of the shared one: the middle is expected above the ends (docs/decisions/0178)
JITTER = 1e-9
ROOT5 = np.sqrt(5.0)
LENGTH = (np.log(0.6), 0.75)  # mean and sd of log(length / sqrt(parameters))
SIGNAL = (0.0, 0.7)  # of log variance
NOISE = (np.log(0.05), 1.5)
RECORDING = (np.log(0.05), 1.5)
BOUND = 3.0  # prior standard deviations that a fit may go
STEPS = 40  # of the optimiser


@dataclass(frozen=True)
class Hyperparameters:
    """`lengths` [parameter] in units of the parameter's range; variances of a target of unit variance."""

    lengths: Array
    signal: float
    noise: float
    recording: float = 0.0


@dataclass(frozen=True)
class Data:
    """`features` [run, feature], `columns` [feature] the parameter of each, `targets` [run]; `recordings` [run] is the
    index of the recording that a run saw, -1 for one that nobody shares. `interval` [feature]: whether it is a position
    along real or whole numbers.
    """

    features: Array
    columns: npt.NDArray[np.int64]
    targets: Array
    recordings: npt.NDArray[np.int64]
    interval: npt.NDArray[np.bool_]

    @property
    def shared(self) -> npt.NDArray[np.bool_] | None:
        """[run, run] whether two runs saw one recording; None where that tells nothing: one recording in all, or none
        that is shared.
        """
        known = self.recordings[self.recordings >= 0]
        if len(known) == 0 or len(np.unique(known)) < 2 or len(np.unique(known)) == len(known):
            return None
        return (self.recordings[:, None] == self.recordings[None, :]) & (self.recordings >= 0)[:, None]


class GaussianProcess:
    """The posterior given data and hyperparameters. `posterior` and `covariance` are of the mean over recordings."""

    def __init__(self, data: Data, hyper: Hyperparameters) -> None:
        self.data = data
        self.hyper = hyper
        self._known = self._of(data.features)
        prior = self._kernel(self._known, self._known)
        prior[np.diag_indices_from(prior)] += hyper.noise + JITTER
        shared = data.shared
        if shared is not None:
            prior += hyper.recording * shared
        self._factor = cho_factor(prior, lower=True, check_finite=False)
        self._weights = cho_solve(self._factor, data.targets - expected(self._known[1]), check_finite=False)

    def _of(self, features: Array) -> tuple[Array, Array]:
        """Features in units of their length scales, and what the trend is linear in."""
        return features / self.hyper.lengths[self.data.columns], trend(features, self.data.interval)

    def _kernel(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        (a, by_a), (b, by_b) = first, second
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T
        r = ROOT5 * np.sqrt(np.maximum(squares, 0.0))
        return self.hyper.signal * (1.0 + r + r**2 / 3.0) * np.exp(-r) + by_a @ by_b.T

    def mean(self, features: Array) -> Array:
        """[configuration], as `posterior` gives it, without the price of a variance."""
        own = self._of(features)
        return expected(own[1]) + self._kernel(own, self._known) @ self._weights

    def posterior(self, features: Array) -> tuple[Array, Array]:
        """Mean and variance [configuration] of the noise-free value."""
        cross, half = self._against_data(features)
        terms = trend(features, self.data.interval)
        variance = self.hyper.signal + (terms**2).sum(1) - (half**2).sum(0)
        return expected(terms) + cross @ self._weights, np.maximum(variance, JITTER)

    def covariance(self, features: Array, others: Array) -> Array:
        """[configuration, other] posterior covariance."""
        _, half = self._against_data(features)
        _, half_others = self._against_data(others)
        return self._kernel(self._of(features), self._of(others)) - half.T @ half_others

    def _against_data(self, features: Array) -> tuple[Array, Array]:
        cross = self._kernel(self._of(features), self._known)
        return cross, solve_triangular(self._factor[0], cross.T, lower=True, check_finite=False)

    def believing(self, features: Array) -> GaussianProcess:
        """As if these configurations had run and given what is expected of them, on recordings of their own."""
        if not len(features):
            return self
        mean, _ = self.posterior(features)
        data = replace(
            self.data,
            features=np.concatenate([self.data.features, features]),
            targets=np.concatenate([self.data.targets, mean]),
            recordings=np.concatenate([self.data.recordings, np.full(len(features), -1)]),
        )
        return GaussianProcess(data, self.hyper)


def trend(features: Array, interval: npt.NDArray[np.bool_]) -> Array:
    """What the mean is linear in, times the prior standard deviations of its coefficients [configuration, term]: a
    constant and, for parameters that are intervals, a parabola along each and one that all of them share.

    Ends of an interval are seldom good. A stationary kernel is least certain there, and under much noise expected
    improvement goes to the corners again and again; a parabola learns from a dozen runs that they are bad. The shared
    one opens downwards before any run (`expected`).
    """
    bowls = (2.0 * features[:, interval] - 1.0) ** 2 - 1.0 / 3.0
    shared = bowls.sum(1, keepdims=True) / np.sqrt(max(1, bowls.shape[1]))
    constant = np.full((len(features), 1), np.sqrt(MEAN_VARIANCE))
    return np.concatenate([constant, np.sqrt(BOWL) * bowls, np.sqrt(SHARED_BOWL) * shared], axis=1)


def expected(terms: Array) -> Array:
    """The mean before any run [configuration], from what `trend` gives; 0 where no parameter is an interval."""
    return SHARED_MEAN / np.sqrt(SHARED_BOWL) * terms[:, -1]


def fit(data: Data, parameters: int) -> tuple[GaussianProcess, float]:
    """The process at the mode of its hyperparameters' posterior, the best of a few starts, and the log posterior there
    but for a constant that depends on the number of runs alone; `parameters` is the number of free ones.
    """
    loss = _Loss(data, parameters)
    found = [
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=loss.bounds, options={"maxiter": STEPS})
        for start in loss.starts()
    ]
    best = min(found, key=lambda result: float(result.fun))
    return GaussianProcess(data, loss.hyper(best.x)), -float(best.fun)


class _Loss:
    """Negative log posterior of the logarithms (length scales, signal, noise, recording), and its gradient."""

    def __init__(self, data: Data, parameters: int) -> None:
        self._data = data
        self._count = parameters
        self._shared = data.shared
        n = len(data.targets)
        terms = trend(data.features, data.interval)
        self._targets = data.targets - expected(terms)
        self._trend = terms @ terms.T  # [run, run]
        apart = (data.features[:, None, :] - data.features[None, :, :]) ** 2
        squares = [apart[:, :, data.columns == index].sum(2).ravel() for index in range(parameters)]
        self._squares = np.array(squares).reshape(parameters, n * n)  # [parameter, run x run]
        length = (LENGTH[0] + 0.5 * np.log(max(1, parameters)), LENGTH[1])
        priors: Sequence[tuple[float, float]] = [length] * parameters + [SIGNAL, NOISE, RECORDING]
        if self._shared is None:
            priors = priors[:-1]
        self._mean, self._sd = np.array(priors).T
        self.bounds = list(zip(self._mean - BOUND * self._sd, self._mean + BOUND * self._sd, strict=True))

    def starts(self) -> list[Array]:
        """The mode of the prior, and one with shorter scales and less noise."""
        other = self._mean.copy()
        other[: self._count] -= self._sd[: self._count]
        other[self._count + 1] -= self._sd[self._count + 1]
        return [self._mean, other]

    def hyper(self, logs: Array) -> Hyperparameters:
        lengths, rest = np.exp(logs[: self._count]), np.exp(logs[self._count :])
        recording = float(rest[2]) if len(rest) > 2 else 0.0
        return Hyperparameters(lengths, float(rest[0]), NOISE_FLOOR + float(rest[1]), recording)

    def __call__(self, logs: Array) -> tuple[float, Array]:
        hyper = self.hyper(logs)
        n = len(self._data.targets)
        inverse_squares = hyper.lengths**-2.0
        r = np.sqrt(5.0 * (inverse_squares @ self._squares)).reshape(n, n)
        decay = np.exp(-r)
        signal = hyper.signal * (1.0 + r + r**2 / 3.0) * decay
        prior = signal + self._trend
        prior[np.diag_indices(n)] += hyper.noise + JITTER
        if self._shared is not None:
            prior += hyper.recording * self._shared
        factor, _ = cho_factor(prior, lower=True, check_finite=False)
        weights = cho_solve((factor, True), self._targets, check_finite=False)
        away = (logs - self._mean) / self._sd
        loss = 0.5 * self._targets @ weights + np.log(np.diag(factor)).sum() + 0.5 * away @ away

        inverse, _ = dpotri(factor, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        slope = inverse - np.outer(weights, weights)  # of the loss by the prior covariance, times two
        by_square = (slope * (1.0 + r) * decay).ravel()
        gradient = away / self._sd
        gradient[: self._count] += hyper.signal * (5.0 / 6.0) * (self._squares @ by_square) * inverse_squares
        gradient[self._count] += 0.5 * (slope * signal).sum()
        gradient[self._count + 1] += 0.5 * np.trace(slope) * (hyper.noise - NOISE_FLOOR)
        if self._shared is not None:
            gradient[self._count + 2] += 0.5 * hyper.recording * (slope * self._shared).sum()
        return float(loss), gradient
