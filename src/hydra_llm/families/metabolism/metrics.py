"""How well the kinetics of a reaction network were recovered: rate constants and stoichiometric coefficients.

The scale of the learned substrate function F is a gauge: F -> alpha_s F for substrates of order s is undone by
log10 k_j -> log10 k_j - sum over the substrates of j of log10 alpha_s. For evaluation alpha is read off the true law:
least squares of F_s(c) = alpha_s law(c)^s over the recorded concentrations. The published correction takes
alpha = |F(1, 1)|.
"""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.metrics.connectivity import reported
from hydra_llm.metrics.scores import identity_r2, pearson, slope

log = logging.getLogger(__name__)

OUTLIER = 0.3  # decades between learned and true, as published
_FEW = 0.5  # share of inliers below which a trimmed score says nothing


def gauge(learned: ArrayLike, true: ArrayLike) -> np.ndarray:
    """alpha [order] from learned contributions F and true ones law^s, both > 0, [sample, order]."""
    F, law = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if F.shape != law.shape or F.ndim != 2:
        raise ValueError(
            f"Learned and true contributions must be two [sample, order] of one shape, got {F.shape} and {law.shape}."
        )
    return (F * law).sum(axis=0) / (law * law).sum(axis=0)


def in_gauge(log_k: ArrayLike, alpha: ArrayLike, substrates: ArrayLike) -> np.ndarray:
    """log10 k [reaction] as if alpha were 1; substrates [order, reaction]: number of substrates of each order."""
    return np.asarray(log_k, dtype=np.float64) + np.log10(alpha) @ np.asarray(substrates, dtype=np.float64)


def rate_constant_metrics(
    learned: ArrayLike, true: ArrayLike, *, identifiable: ArrayLike | None, prefix: str
) -> dict[str, float]:
    """Scores of log10 k [reaction], gauge applied.

    prefix is "rate_constants" for the recovery, "oracle_rate_constants" for the oracle. Of the names, each after
    prefix: _R2 (to the identity line), _R2_pearson2 (what publications call R2), _R2_slope, _n_outliers (more than 0.3
    decades off), _trimmed_R2 (Pearson^2 without outliers, as published), and, given a mask [reaction],
    _R2_identifiable, _R2_identifiable_pearson2 and _identifiable_share.
    """
    x, y = np.asarray(learned, dtype=np.float64).ravel(), np.asarray(true, dtype=np.float64).ravel()
    if x.shape != y.shape:
        raise ValueError(f"There must be as many learned rate constants as true ones, got {x.size} and {y.size}.")
    near = np.abs(x - y) <= OUTLIER
    scores = {
        f"{prefix}_R2": identity_r2(x, y),
        f"{prefix}_R2_pearson2": _squared(pearson(x, y)),
        f"{prefix}_R2_slope": slope(x, y),
        f"{prefix}_n_outliers": float((~near).sum()),
    }
    if near.mean() > _FEW:
        scores[f"{prefix}_trimmed_R2"] = _squared(pearson(x[near], y[near]))
    else:
        log.info("Not reported: %s_trimmed_R2, because more than half of the rate constants are outliers.", prefix)
    if identifiable is not None:
        known = np.asarray(identifiable, dtype=bool)
        scores[f"{prefix}_identifiable_share"] = float(known.mean())
        if known.any():
            scores[f"{prefix}_R2_identifiable"] = identity_r2(x[known], y[known])
            scores[f"{prefix}_R2_identifiable_pearson2"] = _squared(pearson(x[known], y[known]))
        else:
            log.warning("Not reported: %s_R2_identifiable, because no rate constant is identifiable.", prefix)
    return reported(scores, "the true constants are all equal or a learned one is not finite")


def stoichiometry_metrics(
    learned: ArrayLike, true: ArrayLike, log_k: ArrayLike, true_log_k: ArrayLike
) -> dict[str, float]:
    """Scores of net coefficients [metabolite, reaction] where the true one is not zero; log10 k [reaction] in gauge.

    stoichiometry_R2 (identity line), _pearson2, _exact (share that rounds to the true whole number), _sign_accuracy,
    and turnover_R2, the identity R2 of S_ij k_j: a factor between the coefficients of a reaction and its constant
    shows in no recording, their product does.
    """
    S_hat, S = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if S_hat.shape != S.shape:
        raise ValueError(f"Learned and true coefficients must have one shape, got {S_hat.shape} and {S.shape}.")
    x, y = S_hat[S != 0], S[S != 0]
    k, true_k = (10 ** np.asarray(values, dtype=np.float64) for values in (log_k, true_log_k))
    scores = {
        "stoichiometry_R2": identity_r2(x, y),
        "stoichiometry_R2_pearson2": _squared(pearson(x, y)),
        "stoichiometry_exact": float((np.round(x) == y).mean()) if y.size else None,
        "stoichiometry_sign_accuracy": float((np.sign(x) == np.sign(y)).mean()) if y.size else None,
        "turnover_R2": identity_r2((S_hat * k)[S != 0], (S * true_k)[S != 0]),
    }
    return reported(scores, "the network has no coefficient, or a learned one is not finite")


def _squared(value: float | None) -> float | None:
    return None if value is None else value**2
