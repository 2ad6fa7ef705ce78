"""What a few runs say about a distribution: their standard deviation, and 95 % intervals of a mean and of a share."""

from __future__ import annotations

import math
from collections.abc import Sequence

# two-sided 95 % of Student's t by degrees of freedom, and of the normal distribution
STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
NORMAL = 1.960


def student(freedom: int) -> float:
    """Two-sided 95 % quantile; beyond the table by the expansion of Cornish and Fisher, exact to 0.1 %."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def standard_deviation(values: Sequence[float]) -> float | None:
    """Of the distribution that the values are drawn from (n - 1), None below two."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def half_width(values: Sequence[float]) -> float | None:
    """How far Student's interval reaches to either side of the mean, None below two values."""
    spread = standard_deviation(values)
    return None if spread is None else student(len(values) - 1) * spread / math.sqrt(len(values))


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Interval of a share that was hits / count (Wilson 1927); everything is possible while count is 0."""
    if count == 0:
        return 0.0, 1.0
    z2, share = NORMAL**2, hits / count
    middle = (hits + z2 / 2) / (count + z2)
    half = NORMAL / (count + z2) * math.sqrt(hits * (count - hits) / count + z2 / 4)
    # the share itself lies inside; at 0 and 1 rounding alone would leave it out
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))
