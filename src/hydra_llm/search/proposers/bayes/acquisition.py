"""What one more run is worth: the expected gain of the configuration that would be recommended.

Both are against the posterior mean, never against a lucky run. `log_improvement` (Gardner et al. 2014; Ament et al.
2023, arXiv:2310.20708; with the covariance to the incumbent, Zhou et al. 2023, arXiv:2310.05166) takes the value of a
candidate as known once it has run. `log_knowledge` (Frazier, Powell & Dayanik 2009) takes into account that a run is
noisy and that a run of the incumbent may change the choice: it compares new configurations with reruns in one unit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtr

from hydra_llm.search.surrogate.gaussian_process import GaussianProcess

Array = npt.NDArray[np.float64]

LEAST_SD = 1e-6


def log_improvement(process: GaussianProcess, features: Array, incumbent: Array) -> Array:
    """[candidate] log of the expected improvement on the incumbent (features [1, feature])."""
    mean, variance = process.posterior(features)
    (best,), (variance_best,) = process.posterior(incumbent)
    covariance = process.covariance(features, incumbent)[:, 0]
    sd = np.sqrt(np.maximum(variance + variance_best - 2.0 * covariance, LEAST_SD**2))
    return np.log(sd) + _log_h((mean - best) / sd)


def log_knowledge(process: GaussianProcess, features: Array, rival: Array, noise: float) -> Array:
    """[candidate] log of the expected gain in the better of candidate and rival (features [1, feature] or one per
    candidate) from one more run of the candidate; `noise` is the variance of a run.
    """
    mean, variance = process.posterior(features)
    mean_rival, _ = process.posterior(rival)
    if len(rival) == 1:
        covariance = process.covariance(features, rival)[:, 0]
    else:
        covariance = np.diag(process.covariance(features, rival))
    change = np.abs(variance - covariance) / np.sqrt(variance + noise)
    sd = np.maximum(change, LEAST_SD)
    return np.log(sd) + _log_h(-np.abs(mean - mean_rival) / sd)


def _log_h(z: Array) -> Array:
    """log(phi(z) + z Phi(z)), accurate far below zero."""
    log_phi = -0.5 * z**2 - 0.5 * np.log(2.0 * np.pi)
    low = np.minimum(z, -1.0)
    ratio = -low * np.sqrt(np.pi / 2.0) * erfcx(-low / np.sqrt(2.0))
    below = log_phi + np.log(np.maximum(1.0 - ratio, 1e-3 / low**2))
    high = np.maximum(z, -1.0)
    above = np.log(np.exp(-0.5 * high**2) / np.sqrt(2.0 * np.pi) + high * ndtr(high))
    return np.where(z < -1.0, below, above)
