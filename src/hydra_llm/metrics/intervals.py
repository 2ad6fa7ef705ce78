"""How far the standard errors of recovered parameters can be trusted."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

INTERVAL = 1.645  # standard deviations to either side of 90 % of a Gaussian


def reach_of(level: float, n: int) -> float:
    """Standard errors to either side of an interval of that level, where n fits or blocks tell them: Student's t."""
    return float(student.ppf(0.5 + level / 2, n - 1))


def interval_metrics(
    learned: ArrayLike, error: ArrayLike, true: ArrayLike, *, prefix: str, n_fits: int | None = None
) -> dict[str, float]:
    """<prefix>_standard_error, the median, and <prefix>_coverage_90, the share of 90 % intervals that hold the truth.

    All [parameter], in the gauge of the truth. n_fits: whose scatter the error is, which few fits tell poorly
    (Student's t); None: the error counts as known. Empty without parameters.
    """
    x, e, y = (np.asarray(values, dtype=np.float64).ravel() for values in (learned, error, true))
    if not x.size:
        return {}
    reach = INTERVAL if n_fits is None else reach_of(0.90, n_fits)
    inside = np.abs(x - y) < reach * e
    return {f"{prefix}_standard_error": float(np.median(e)), f"{prefix}_coverage_90": float(inside.mean())}
