"""Dimensions of an activity and spectral radii of a connectivity."""

import numpy as np
from numpy.typing import ArrayLike

_BLOCK = 4096  # frames per step of a long recording


def activity_rank(activity: ArrayLike, shares: tuple[float, ...] = (0.90, 0.99)) -> dict[str, float]:
    """activity_rank_90, _99: principal components that carry that share of the variance of activity [frame, neuron]."""
    u = np.asarray(activity)
    mean = u.mean(axis=0, dtype=np.float64)
    gram = np.zeros((u.shape[1], u.shape[1]))
    for start in range(0, len(u), _BLOCK):
        block = u[start : start + _BLOCK].astype(np.float64) - mean
        gram += block.T @ block
    variance = np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None)
    total = variance.sum()
    cumulative = np.cumsum(variance) / total if total > 0 else None
    return {
        f"activity_rank_{100 * share:g}": 0.0 if cumulative is None else float((cumulative < share).sum() + 1)
        for share in shares
    }


def spectral_metrics(connectivity: ArrayLike, gain: ArrayLike) -> dict[str, float]:
    """spectral_radius of W [target, source], and gain_spectral_radius of g_i W_ij: the one that decides on chaos."""
    W, g = np.asarray(connectivity, dtype=np.float64), np.asarray(gain, dtype=np.float64)
    return {
        "spectral_radius": float(np.abs(np.linalg.eigvals(W)).max()),
        "gain_spectral_radius": float(np.abs(np.linalg.eigvals(g.reshape(-1, 1) * W)).max()),
    }
