"""Scores on a scale that a Gaussian process can believe in: monotone, without heavy tails, zero mean, unit variance.

A training that diverges gives R2 = -24 beside 0.9, and on the plain scale such a run would be all that the process
sees. So the scores below the median are drawn in through a logarithm whose unit is the spread above the median.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FULL = 0.9  # quantile that, with the median, gives the unit


@dataclass(frozen=True)
class Warp:
    """`centre` and `unit` in scores; `mean` and `sd` of what comes out."""

    centre: float
    unit: float
    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def of(cls, scores: Array) -> Warp:
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
        """The scores behind targets."""
        z = targets * self.sd + self.mean
        return self.centre + self.unit * np.where(z < 0, -np.expm1(np.minimum(np.maximum(-z, 0.0), 700.0)), z)
