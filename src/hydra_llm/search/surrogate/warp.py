"""Scores on a scale that a Gaussian process can believe in: monotone, without heavy tails, zero mean, unit variance.

A training that diverges gives R2 = -24 beside 0.9, and on the plain scale such a run would be all that the process
sees. `DrawnIn` draws the scores below the median in through a logarithm whose unit is the spread above the median.
Where noise multiplies the distance to the best that can be had, `Decades`, the logarithm of that distance, makes it
equal everywhere. Which of them fits the runs better is told by the likelihood of the scores themselves, that of what
comes out times the slope (Snelson, Rasmussen & Ghahramani 2003, Warped Gaussian processes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FULL = 0.9  # quantile that, with the median, gives the unit
BEYOND = 0.02  # of the distance from the median to the best score: so far beyond the best lies the bound of `Decades`
STEEPEST = 700.0  # largest exponent


class Warp(Protocol):
    """`mean` and `sd` are of what comes out before it is standardised."""

    def __call__(self, scores: Array) -> Array:
        """Targets of the process [score]."""
        ...

    def inverse(self, targets: Array) -> Array:
        """The scores behind targets."""
        ...

    def log_slope(self, scores: Array) -> Array:
        """Logarithm of the derivative of the targets by the scores [score]."""
        ...


@dataclass(frozen=True)
class DrawnIn:
    """Linear above `centre`, logarithmic below, in scores; the two meet with the slope 1 / `unit`."""

    centre: float
    unit: float
    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def of(cls, scores: Array) -> Self:
        """The warp that standardises these scores."""
        centre = float(np.median(scores))
        unit = float(np.quantile(scores, FULL)) - centre
        if unit <= 1e-12 * max(1.0, abs(centre)):
            unit = float(scores.max()) - centre
        if unit <= 1e-12 * max(1.0, abs(centre)):
            unit = float(np.ptp(scores)) or 1.0
        plain = cls(centre, unit)
        drawn = plain(scores)
        return cls(centre, unit, float(drawn.mean()), float(drawn.std()) or 1.0)

    def __call__(self, scores: Array) -> Array:
        z = (scores - self.centre) / self.unit
        return (np.where(z < 0, -np.log1p(np.maximum(-z, 0.0)), z) - self.mean) / self.sd

    def inverse(self, targets: Array) -> Array:
        z = targets * self.sd + self.mean
        return self.centre + self.unit * np.where(z < 0, -np.expm1(np.minimum(np.maximum(-z, 0.0), STEEPEST)), z)

    def log_slope(self, scores: Array) -> Array:
        below = np.maximum((self.centre - scores) / self.unit, 0.0)
        return -np.log1p(below) - np.log(self.unit * self.sd)


@dataclass(frozen=True)
class Decades:
    """Minus the logarithm of the distance to `bound`, a score a little above the best."""

    bound: float
    nearest: float  # distance of the best score
    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def of(cls, scores: Array) -> Self | None:
        """The warp that standardises these scores; None where half of them are the best."""
        best = float(scores.max())
        nearest = BEYOND * (best - float(np.median(scores)))
        if nearest <= 1e-12 * max(1.0, abs(best)):
            return None
        plain = cls(best + nearest, nearest)
        decades = plain(scores)
        return cls(best + nearest, nearest, float(decades.mean()), float(decades.std()))

    def __call__(self, scores: Array) -> Array:
        return (-np.log(np.maximum(self.bound - scores, 1e-3 * self.nearest)) - self.mean) / self.sd

    def inverse(self, targets: Array) -> Array:
        return self.bound - np.exp(np.clip(-(targets * self.sd + self.mean), -STEEPEST, STEEPEST))

    def log_slope(self, scores: Array) -> Array:
        return -np.log(np.maximum(self.bound - scores, 1e-3 * self.nearest)) - np.log(self.sd)
