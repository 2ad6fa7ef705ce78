"""The few statistics that all metrics are made of, in float64."""

import numpy as np
from numpy.typing import ArrayLike


def identity_r2(estimate: ArrayLike, truth: ArrayLike) -> float | None:
    """1 - SSE / SST to the line estimate = truth. None if the truth does not vary or a value is no number."""
    x, y = _pair(estimate, truth)
    total = float(((y - y.mean()) ** 2).sum()) if y.size else 0.0
    if total == 0 or not np.isfinite(x).all():
        return None
    return 1 - float(((x - y) ** 2).sum()) / total


def function_r2(learned: ArrayLike, true: ArrayLike) -> float | None:
    """1 - SSE / SST of functions at states [state, unit], the mean taken per unit. None as identity_r2."""
    x, y = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    total = float(((y - y.mean(axis=0)) ** 2).sum()) if y.size else 0.0
    if total == 0 or not np.isfinite(x).all():
        return None
    return 1 - float(((x - y) ** 2).sum()) / total


def pearson(estimate: ArrayLike, truth: ArrayLike) -> float | None:
    """Correlation, or None if one of the two does not vary or a value is no number."""
    x, y = _pair(estimate, truth)
    if x.size == 0 or not np.isfinite(x).all():
        return None
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return None if scale == 0 else float((x * y).sum()) / scale


def slope(estimate: ArrayLike, truth: ArrayLike) -> float | None:
    """Slope of the least-squares line of the estimate over the truth: 1 when the scale is right."""
    x, y = _pair(estimate, truth)
    if x.size == 0 or not np.isfinite(x).all():
        return None
    centered = y - y.mean()
    total = float((centered**2).sum())
    return None if total == 0 else float(((x - x.mean()) * centered).sum()) / total


def _pair(estimate: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(estimate, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"Estimate and truth must have one shape, got {x.shape} and {y.shape}.")
    return x.ravel(), y.ravel()
