"""The scale on which configurations and recordings add up: the score, or the distance to a declared ceiling."""

from __future__ import annotations

import math
from dataclasses import dataclass

NEAREST = 1e-9  # distance to a ceiling that counts as reached


@dataclass(frozen=True)
class MetricScale:
    """`ceiling` is a score. With it the scale is -log10 of the distance: 0.9967 and 0.9992 of 1 are a factor of four
    apart, as their errors are.
    """

    ceiling: float | None = None

    def of(self, score: float) -> float:
        return score if self.ceiling is None else -math.log10(max(self.ceiling - score, NEAREST))

    def score(self, scaled: float) -> float:
        """The inverse of `of`."""
        return scaled if self.ceiling is None else self.ceiling - 10.0**-scaled
