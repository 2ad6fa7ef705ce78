"""The scale that activity cannot determine: W_ij psi_j = (W_ij c_j) (psi_j / c_j).

A model learns W and its message functions psi only up to a factor per source neuron (and an offset of psi, which the
update function absorbs). For evaluation the factor is read off the true message function phi: least squares of
psi_j(u) = c_j phi_j(u) + d_j over the range that neuron j was recorded in. Then W_ij c_j is comparable with the truth.

A source that stays on a plateau of phi moves no other neuron: its factor would be a division by nearly nothing, and one
such source can outweigh all weights of a network. It has no scale and does not count.
"""

import numpy as np
from numpy.typing import ArrayLike

MOVED = 1e-2  # a message counts as moved if its standard deviation is above this share of the median over sources


def recorded_grid(activity: ArrayLike, n_points: int) -> np.ndarray:
    """Values [point, neuron], evenly spaced over the range of each neuron in activity [frame, neuron]."""
    u = np.asarray(activity)
    low, high = u.min(axis=0).astype(np.float64), u.max(axis=0).astype(np.float64)
    return low + (high - low) * np.linspace(0, 1, n_points)[:, None]


def moved_sources(true: ArrayLike) -> np.ndarray:
    """Mask [source] of the sources whose true message [point, source] varies over the range they were recorded in.

    Measured against the median over the sources that vary at all.
    """
    spread = np.asarray(true, dtype=np.float64).std(axis=0)
    varying = spread[spread > 1e-12]
    return spread > (max(1e-12, MOVED * float(np.median(varying))) if varying.size else np.inf)


def source_scale(learned: ArrayLike, true: ArrayLike) -> np.ndarray:
    """c_j [source] with learned = c_j true + d_j in least squares; both [point, source], on the same states.

    NaN for a source that moved_sources leaves out: no activity tells its scale.
    """
    psi, phi = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if psi.shape != phi.shape:
        raise ValueError(f"Learned and true messages must be on one grid, got shapes {psi.shape} and {phi.shape}.")
    moved = moved_sources(phi)
    phi = phi - phi.mean(axis=0)
    return np.where(moved, (psi * phi).sum(axis=0) / np.where(moved, (phi**2).sum(axis=0), 1), np.nan)


def rescale_sources(weights: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """W_ij c_j [target, source]; a source without a scale takes the median of the others (1 if there is none)."""
    c = np.asarray(scale, dtype=np.float64)
    known = np.isfinite(c)
    shared = float(np.median(c[known])) if known.any() else 1.0
    return np.asarray(weights, dtype=np.float64) * np.where(known, c, shared)[None, :]
