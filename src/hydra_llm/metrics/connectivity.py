"""How well a weight matrix was recovered. Off-diagonal entries only: there are no self-connections to find."""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.metrics.scores import identity_r2, pearson, slope

log = logging.getLogger(__name__)


def connectivity_metrics(
    learned: ArrayLike,
    true: ArrayLike,
    *,
    identifiable: ArrayLike | None,
    prefix: str,
    sources: ArrayLike | None = None,
) -> dict[str, float]:
    """Scores of learned against true weights [target, source], both with gain and gauge applied.

    prefix is "connectivity" for the recovery, "oracle_connectivity" for the oracle. Of the names, each after prefix:
    _R2 (to the identity line), _R2_pearson2, _R2_slope, _sign_accuracy (over synapses that exist), _edge_auroc (only
    where some synapses do not exist), and, given a mask [target, source], _R2_identifiable and _identifiable_share.

    sources: mask [source] of those whose scale the recording tells (gauge.moved_sources); the weights out of the others
    do not count. Then also _gauge_share, the share of sources that count, and _R2_all_sources, over all weights.
    """
    W_hat, W = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if W_hat.shape != W.shape or W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"Weights must be two square matrices of one size, got shapes {W_hat.shape} and {W.shape}.")
    off_diagonal = ~np.eye(len(W), dtype=bool)
    scores: dict[str, float | None] = {}
    if sources is not None:
        told = np.asarray(sources, dtype=bool)
        scores[f"{prefix}_gauge_share"] = float(told.mean())
        scores[f"{prefix}_R2_all_sources"] = identity_r2(W_hat[off_diagonal], W[off_diagonal])
        off_diagonal = off_diagonal & told[None, :]
    x, y = W_hat[off_diagonal], W[off_diagonal]
    exists = y != 0
    correlation = pearson(x, y)
    scores |= {
        f"{prefix}_R2": identity_r2(x, y),
        f"{prefix}_R2_pearson2": None if correlation is None else correlation**2,
        f"{prefix}_R2_slope": slope(x, y),
        f"{prefix}_sign_accuracy": _sign_accuracy(x[exists], y[exists]),
    }
    if not exists.all():
        scores[f"{prefix}_edge_auroc"] = edge_auroc(np.abs(x), exists)
    if identifiable is not None:
        known = np.asarray(identifiable, dtype=bool)
        scores[f"{prefix}_identifiable_share"] = float(known[~np.eye(len(W), dtype=bool)].mean())
        known = known[off_diagonal]
        scores[f"{prefix}_R2_identifiable"] = identity_r2(x[known], y[known])
    return reported(scores, "the true weights are constant or a learned weight is not finite")


def edge_auroc(score: ArrayLike, exists: ArrayLike) -> float | None:
    """Probability that a synapse that exists scores above one that does not. None if all or none exist."""
    from scipy.stats import rankdata  # slow to import, and only sparse networks need it

    values, positive = np.asarray(score, dtype=np.float64), np.asarray(exists, dtype=bool)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0 or not np.isfinite(values).all():
        return None
    rank_sum = float(rankdata(values)[positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def reported(scores: dict[str, float | None], reason: str) -> dict[str, float]:
    """The scores that exist; the log names the others with the reason."""
    missing = [name for name, value in scores.items() if value is None]
    if missing:
        log.warning("Not reported: %s, because %s.", ", ".join(missing), reason)
    return {name: float(value) for name, value in scores.items() if value is not None}


def _sign_accuracy(x: np.ndarray, y: np.ndarray) -> float | None:
    return float((np.sign(x) == np.sign(y)).mean()) if y.size and np.isfinite(x).all() else None
