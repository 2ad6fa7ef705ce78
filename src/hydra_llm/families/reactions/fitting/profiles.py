"""Profile likelihoods: the best objective for every value of one parameter, the others refitted.

The 95 % interval holds the values at which twice the objective is less than 3.84 (chi-squared, one degree of freedom)
above its minimum; a side that does not rise so far within the bounds is open. Method: Raue et al., Bioinformatics 25,
1923 (2009).
"""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
from hydra_llm.families.reactions.fitting.optimum import DescentLimits, Optimum, minimise
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

log = logging.getLogger(__name__)

LEVEL = 0.95
THRESHOLD = float(chi2.ppf(LEVEL, 1))  # 3.84, of twice the difference of the objective
RISE = 0.65  # wanted from one point to the next, of the square root of that difference; 1.96 is the threshold
POINTS = 40  # per side
SHORTEST, LONGEST = 1e-4, 0.1  # of a step, as shares of the bounds
BETTER = 1e-3  # a refit that much below the minimum has found a better one


@dataclass(frozen=True)
class Profile:
    """place: of the parameter. values: scaled, increasing; rise: twice the objective over its minimum there.

    low, high: ends of the 95 % interval, scaled; None: open up to the bound. is_complete: False where the points did
    not suffice to reach the threshold or the bound.
    """

    place: int
    values: np.ndarray
    rise: np.ndarray
    low: float | None
    high: float | None
    is_complete: bool

    @property
    def is_determined(self) -> bool:
        return self.low is not None and self.high is not None


@dataclass(frozen=True)
class Profiles:
    """best: the minimum they belong to, which may be better than that of the starts."""

    best: Optimum
    profiles: tuple[Profile, ...]


class _Better(Exception):
    def __init__(self, optimum: Optimum) -> None:
        super().__init__()
        self.optimum = optimum


def profiles(likelihood: Likelihood, best: Optimum, limits: DescentLimits, *, attempts: int = 5) -> Profiles:
    """Of every parameter. A refit that finds a better minimum becomes the minimum, and all begin again."""
    for _ in range(attempts):
        try:
            found = [_profile(likelihood, best, place, limits) for place in range(len(best.point))]
            return Profiles(best, tuple(found))
        except _Better as better:
            polished = minimise(likelihood, better.optimum.point, limits)
            known = min(polished, better.optimum, key=lambda one: one.objective)
            log.info("A profile found a better minimum: %.4f instead of %.4f.", known.objective, best.objective)
            best = known
    log.warning("Profiles found better minima %d times; none is reported. Raise training.n_starts.", attempts)
    return Profiles(best, ())


def _profile(likelihood: Likelihood, best: Optimum, place: int, limits: DescentLimits) -> Profile:
    sides = [_side(likelihood, best, place, limits, direction) for direction in (-1, 1)]
    values = np.concatenate([sides[0].values[::-1], [best.point[place]], sides[1].values])
    rise = np.concatenate([sides[0].rise[::-1], [0.0], sides[1].rise])
    return Profile(place, values, rise, sides[0].end, sides[1].end, all(one.is_complete for one in sides))


@dataclass(frozen=True)
class _Side:
    values: np.ndarray
    rise: np.ndarray
    end: float | None
    is_complete: bool


def _side(likelihood: Likelihood, best: Optimum, place: int, limits: DescentLimits, direction: int) -> _Side:
    bound = (likelihood.lower if direction < 0 else likelihood.upper)[place]
    span = likelihood.upper[place] - likelihood.lower[place]
    step, towards = _first_step(likelihood, best, place)
    step = float(np.clip(step, SHORTEST * span, LONGEST * span))
    values, rises = [best.point[place]], [0.0]
    point, tangent = best.point, towards
    for _ in range(POINTS):
        left = abs(bound - values[-1])
        if left <= 1e-9 * span:
            return _Side(np.array(values[1:]), np.array(rises[1:]), None, True)
        step = min(step, left)
        trial = point + direction * step * tangent
        trial[place] = values[-1] + direction * step
        found = minimise(likelihood, np.clip(trial, likelihood.lower, likelihood.upper), limits, fixed=place)
        if not found.is_finite:  # a cliff: the system cannot be integrated beyond it
            if step <= 2 * SHORTEST * span:
                return _Side(np.array(values[1:]), np.array(rises[1:]), values[-1], True)
            step /= 4
            continue
        if found.objective < best.objective - BETTER:
            raise _Better(found)
        before, rise = np.sqrt(max(rises[-1], 0)), 2 * (found.objective - best.objective)
        after = np.sqrt(max(rise, 0))
        if after - before > 3 * RISE and step > 2 * SHORTEST * span:
            step /= 3  # too far for a curve
            continue
        tangent = direction * (found.point - point) / step
        point = found.point
        values.append(values[-1] + direction * step)
        rises.append(max(rise, 0.0))
        if rise >= THRESHOLD:
            return _Side(np.array(values[1:]), np.array(rises[1:]), _crossing(values[-2:], rises[-2:]), True)
        step *= float(np.clip(RISE / max(after - before, 1e-3), 0.3, 3))
        step = float(np.clip(step, SHORTEST * span, LONGEST * span))
    return _Side(np.array(values[1:]), np.array(rises[1:]), None, abs(bound - values[-1]) <= 1e-9 * span)


def _crossing(values: list[float], rises: list[float]) -> float:
    """Where the rise passes the threshold: its square root is close to a line."""
    a, b = np.sqrt(rises)
    share = (np.sqrt(THRESHOLD) - a) / (b - a)
    return float(values[0] + share * (values[1] - values[0]))


def _first_step(likelihood: Likelihood, best: Optimum, place: int) -> tuple[float, np.ndarray]:
    """By the Fisher information: a step by which the root of the rise grows by RISE; how the others move with it."""
    n = len(best.point)
    alone = np.eye(n)[place]
    try:
        found = likelihood(best.point)
    except IntegrationFailed:
        return np.inf, alone
    assert found.information is not None
    covariance = np.linalg.pinv(found.information, rcond=1e-10, hermitian=True)
    variance = covariance[place, place]
    if not np.isfinite(variance) or variance <= 0:
        return np.inf, alone
    span = likelihood.upper - likelihood.lower
    tangent = covariance[:, place] / variance
    if np.abs(tangent / span).max() > 10 / span[place]:
        tangent = alone
    return RISE * float(np.sqrt(variance)), tangent
