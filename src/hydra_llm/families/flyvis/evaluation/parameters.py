"""How well a vector of parameters was recovered: one value per edge, per neuron or per type."""

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.metrics.connectivity import reported
from hydra_llm.metrics.scores import identity_r2, pearson, slope


def parameter_metrics(
    learned: ArrayLike, true: ArrayLike, *, prefix: str, identifiable: ArrayLike | None = None
) -> dict[str, float]:
    """<prefix>_R2 to the identity line over all values, _R2_pearson2 (as published), _R2_slope.

    With a mask of the identifiable ones also <prefix>_R2_identifiable and <prefix>_identifiable_share.
    """
    x, y = np.asarray(learned, dtype=np.float64).ravel(), np.asarray(true, dtype=np.float64).ravel()
    correlation = pearson(x, y)
    scores = {
        f"{prefix}_R2": identity_r2(x, y),
        f"{prefix}_R2_pearson2": None if correlation is None else correlation**2,
        f"{prefix}_R2_slope": slope(x, y),
    }
    if identifiable is not None:
        known = np.asarray(identifiable, dtype=bool).ravel()
        scores[f"{prefix}_identifiable_share"] = float(known.mean()) if known.size else None
        scores[f"{prefix}_R2_identifiable"] = identity_r2(x[known], y[known])
    return reported(scores, "the true values are constant or a learned value is not finite")


def tolerance_metrics(learned: ArrayLike, true: ArrayLike, *, prefix: str, tolerance: float) -> dict[str, float]:
    """Scores that one value gone astray cannot spoil: <prefix>_median_error, absolute, and <prefix>_within, the share
    of values whose error is below `tolerance` times the standard deviation of the true ones."""
    x, y = np.asarray(learned, dtype=np.float64).ravel(), np.asarray(true, dtype=np.float64).ravel()
    error = np.where(np.isfinite(x), np.abs(x - y), np.inf)
    return {
        f"{prefix}_median_error": float(np.median(error)),
        f"{prefix}_within": float((error < tolerance * y.std()).mean()),
    }
