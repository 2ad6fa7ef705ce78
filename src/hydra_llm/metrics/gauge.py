"""The scale that activity cannot determine: W_ij psi_j = (W_ij c_j) (psi_j / c_j).

A model learns W and its message functions psi only up to a factor per source neuron (and an offset of psi, which the
update function absorbs). For evaluation the factor is read off the true message function phi: least squares of
psi_j(u) = c_j phi_j(u) + d_j over the range that neuron j was recorded in. Then W_ij c_j is comparable with the truth.
"""

import logging

import numpy as np
from numpy.typing import ArrayLike

log = logging.getLogger(__name__)


def recorded_grid(activity: ArrayLike, n_points: int) -> np.ndarray:
    """Values [point, neuron], evenly spaced over the range of each neuron in activity [frame, neuron]."""
    u = np.asarray(activity)
    low, high = u.min(axis=0).astype(np.float64), u.max(axis=0).astype(np.float64)
    return low + (high - low) * np.linspace(0, 1, n_points)[:, None]


def source_scale(learned: ArrayLike, true: ArrayLike) -> np.ndarray:
    """c_j [source] with learned = c_j true + d_j in least squares; both [point, source], on the same states.

    NaN for a source whose true message does not vary over its range: no activity tells its scale.
    """
    psi, phi = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if psi.shape != phi.shape:
        raise ValueError(f"Learned and true messages must be on one grid, got shapes {psi.shape} and {phi.shape}.")
    phi = phi - phi.mean(axis=0)
    variance = (phi**2).sum(axis=0)
    undetermined = variance <= 1e-24 * np.maximum(len(phi), 1)
    if undetermined.any():
        log.info(
            "The scale of %d of %d sources is undetermined: their message is constant.",
            undetermined.sum(),
            psi.shape[1],
        )
    return np.where(undetermined, np.nan, (psi * phi).sum(axis=0) / np.where(undetermined, 1, variance))


def rescale_sources(weights: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """W_ij c_j [target, source]; sources without a scale keep their learned weights."""
    c = np.asarray(scale, dtype=np.float64)
    return np.asarray(weights, dtype=np.float64) * np.where(np.isfinite(c), c, 1)[None, :]
