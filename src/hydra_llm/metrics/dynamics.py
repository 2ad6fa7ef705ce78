"""How well the dynamics were recovered: one step ahead, and along a rollout from a held-out initial state."""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.metrics.scores import pearson

log = logging.getLogger(__name__)


def onestep_metrics(predicted: ArrayLike, true: ArrayLike, *, prefix: str) -> dict[str, float]:
    """<prefix>_R2 of predicted against true derivatives [frame, neuron]: 1 - SSE / SST, the mean taken per neuron."""
    x, y = _trajectories(predicted, true)
    total = float(((y - y.mean(axis=0)) ** 2).sum())
    if total == 0 or not np.isfinite(x).all():
        log.warning("Not reported: %s_R2, because the derivative is constant or a prediction is not finite.", prefix)
        return {}
    return {f"{prefix}_R2": 1 - float(((x - y) ** 2).sum()) / total}


def rollout_metrics(predicted: ArrayLike, true: ArrayLike, *, prefix: str, tolerance: float) -> dict[str, float]:
    """Scores of a rollout against the recorded trajectory [frame, neuron], from the same first frame.

    <prefix>_R2: to the identity line per neuron over time, mean over neurons (negative when worse than a constant).
    <prefix>_pearson: correlation per neuron over time, mean over neurons.
    <prefix>_valid_frames: frames before the error first exceeds `tolerance` of the spread of the true activity. In a
        chaotic network every rollout is lost at last; this says when.
    Neurons whose true activity is constant count in none of the means.
    """
    x, y = _trajectories(predicted, true)
    varies = y.std(axis=0) > 0
    if not varies.any():
        log.warning("Not reported: scores of the %s rollout, because the recorded activity is constant.", prefix)
        return {}
    finite = np.isfinite(x).all(axis=1)
    scores = {f"{prefix}_valid_frames": valid_frames(x, y, tolerance)}
    if not finite.all():
        log.warning(
            "Not reported: %s_R2 and _pearson, because the rollout diverged at frame %d.", prefix, np.argmin(finite)
        )
        return scores
    if not varies.all():
        log.info("%d of %d neurons are constant and left out of the %s rollout.", (~varies).sum(), y.shape[1], prefix)
    residual, total = ((x - y) ** 2).sum(axis=0)[varies], ((y - y.mean(axis=0)) ** 2).sum(axis=0)[varies]
    scores[f"{prefix}_R2"] = float((1 - residual / total).mean())
    correlations = [pearson(x[:, i], y[:, i]) for i in np.flatnonzero(varies)]
    if None in correlations:
        log.warning("Not reported: %s_pearson, because the rollout of a neuron is constant.", prefix)
    else:
        scores[f"{prefix}_pearson"] = float(np.mean([c for c in correlations if c is not None]))
    return scores


def valid_frames(predicted: np.ndarray, true: np.ndarray, tolerance: float) -> float:
    """Frames [frame, neuron] before the error first exceeds `tolerance` of the spread of the true activity."""
    spread = float(np.sqrt(true.var(axis=0).mean()))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(((predicted - true) ** 2).mean(axis=1))
        lost = ~np.isfinite(error) | (error > tolerance * spread)
    return float(np.argmax(lost) if lost.any() else len(true))


def _trajectories(predicted: ArrayLike, true: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 2 or len(x) == 0:
        raise ValueError(f"Trajectories must be two [frame, neuron] of one shape, got {x.shape} and {y.shape}.")
    return x, y
