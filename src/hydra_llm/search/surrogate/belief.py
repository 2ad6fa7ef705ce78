"""What the search believes: a Gaussian process on every run of a tree, and what it says of the nodes.

A run is a score of its configuration on one recording (its seeds), with noise of its own. A run that failed counts
as worse than every score: there is no telling what it would have given, but it is to be avoided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from hydra_llm.search.space.space import Space
from hydra_llm.search.surrogate.encoding import Encoding, Rows
from hydra_llm.search.surrogate.gaussian_process import Data, GaussianProcess, fit
from hydra_llm.search.surrogate.threads import one_thread
from hydra_llm.search.surrogate.warp import Decades, DrawnIn, Warp
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

Array = npt.NDArray[np.float64]

Z80 = 1.2816  # of the central 80 % of a normal distribution
LEAST_RUNS = 3  # scores before anything is believed
FITTED = 100  # runs that hyperparameters are fitted to
FAILURE = 1.0  # standard deviations that a failure lies below the worst score
KEPT = 300  # runs that the process knows
LEAST_VARIANCE = 1e-12  # of a difference


@dataclass(frozen=True)
class Belief:
    """`process` speaks of warped scores; `pending` are rows of running trials, which `expecting` takes as believed."""

    encoding: Encoding
    warp: Warp
    process: GaussianProcess
    pending: Rows

    def with_pending(self, configurations: Iterable[Mapping[str, Any]]) -> Belief:
        """The same belief beside other running trials."""
        return replace(self, pending=self.encoding.rows(configurations))

    @cached_property
    def expecting(self) -> GaussianProcess:
        """The process once the running trials have given what is expected of them."""
        return self.process.believing(self.encoding.features(self.pending))

    @property
    def noise(self) -> float:
        """Variance of one run around its configuration, other recordings included, of the warped score."""
        return self.process.hyper.noise + self.process.hyper.recording

    def interval(self, values: Mapping[str, Any], objective: Objective) -> tuple[float, float, float]:
        """Median, then least and greatest value [metric's unit] of the central 80 % of one run of a configuration."""
        (mean,), (sd,) = self.of(self.encoding.rows([values]))
        reach = Z80 * float(np.sqrt(sd**2 + self.noise))
        scores = self.warp.inverse(np.array([mean, mean - reach, mean + reach]))
        median, *bounds = (objective.value_of_score(float(score)) for score in scores)
        return median, min(bounds), max(bounds)

    def ahead(self, values: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        """How likely it is that one configuration is better than another, as the process sees both together."""
        return likelier(self.process, self.encoding.features(self.encoding.rows([values, other])))

    def of(self, rows: Rows) -> tuple[Array, Array]:
        """Posterior mean and standard deviation [configuration] of warped scores."""
        mean, variance = self.process.posterior(self.encoding.features(rows))
        return mean, np.sqrt(variance)


def likelier(process: GaussianProcess, features: Array) -> float:
    """Probability that the first of two configurations (features [2, feature]) is better than the second."""
    (mean, other), (variance, of_other) = process.posterior(features)
    covariance = float(process.covariance(features[:1], features[1:])[0, 0])
    return float(ndtr((mean - other) / np.sqrt(max(variance + of_other - 2.0 * covariance, LEAST_VARIANCE))))


def believe(space: Space, objective: Objective, trials: Sequence[Trial]) -> Belief | None:
    """The belief from the trials of one block that have ended; None while they hold too few scores."""
    with one_thread():
        return _believe(space, objective, trials)


def _believe(space: Space, objective: Objective, trials: Sequence[Trial]) -> Belief | None:
    encoding = Encoding(space)
    scored = [t for t in trials if t.value is not None and t.state in (TrialState.COMPLETED, TrialState.PRUNED)]
    failed = [t for t in trials if t.state.is_finished and t.value is None and t.state.is_bad]
    if len(scored) < LEAST_RUNS or not encoding.dimensions:
        return None
    scores = np.array([objective.score(t.value) for t in scored if t.value is not None])
    found = [_fitted(encoding, warp, scored, scores, failed) for warp in _warps(encoding, scores)]
    warp, process, _ = max(found, key=lambda one: one[2])
    return Belief(encoding, warp, process, encoding.rows([]))


def _warps(encoding: Encoding, scores: Array) -> list[Warp]:
    """Those that compete: `Decades` only where a parameter is an interval."""
    decades = Decades.of(scores) if encoding.interval.any() else None
    return [DrawnIn.of(scores)] if decades is None else [DrawnIn.of(scores), decades]


def _fitted(
    encoding: Encoding, warp: Warp, scored: Sequence[Trial], scores: Array, failed: Sequence[Trial]
) -> tuple[Warp, GaussianProcess, float]:
    """The process of the runs that are kept, and the log posterior of hyperparameters and scores that were fitted."""
    targets = warp(scores)
    kept, fitted = _latest_and_best(scores, KEPT), _latest_and_best(scores, FITTED)
    part = _data(encoding, [scored[i] for i in fitted], targets[fitted], failed[-FITTED:])
    process, log_posterior = fit(part, len(encoding.dimensions))
    if len(fitted) < len(kept):
        whole = _data(encoding, [scored[i] for i in kept], targets[kept], failed[-KEPT:])
        process = GaussianProcess(whole, process.hyper)
    return warp, process, log_posterior + float(warp.log_slope(scores[fitted]).sum())


def _latest_and_best(scores: Array, most: int) -> npt.NDArray[np.int64]:
    """Indices of at most so many runs, half of them the best, the others the latest."""
    count = len(scores)
    if count <= most:
        return np.arange(count)
    best = np.argsort(-scores, kind="stable")[: most // 2]
    others = np.setdiff1d(np.arange(count), best)[-(most - len(best)) :]
    return np.sort(np.concatenate([best, others]))


def _data(encoding: Encoding, scored: Sequence[Trial], targets: Array, failed: Sequence[Trial]) -> Data:
    runs = [*scored, *failed]
    known: dict[tuple[tuple[str, int], ...], int] = {}
    recordings = [known.setdefault(tuple(sorted(t.seeds.items())), len(known)) for t in runs]
    every = np.concatenate([targets, np.full(len(failed), float(targets.min()) - FAILURE)])
    features = encoding.features(encoding.rows(t.values for t in runs))
    return Data(features, encoding.columns, every, np.array(recordings, dtype=np.int64), encoding.interval)
