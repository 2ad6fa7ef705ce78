"""How well the weights of an edge list were recovered, over all edges and in ways that a few edges cannot decide.

In the fly visual system 1 % of the edges carry 59 % of the sum of squares, so that one R2 says little about the rest.
"""

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.families.flyvis.evaluation.parameters import parameter_metrics
from hydra_llm.metrics.connectivity import edge_auroc, reported
from hydra_llm.metrics.scores import identity_r2

WEAK = 0.01  # weights below it have no sign to speak of; the median of the fly's is 0.03
_FEWEST = 3  # edges into a neuron that make an R2 of its own


def edge_metrics(
    learned: ArrayLike,
    true: ArrayLike,
    *,
    target: ArrayLike,
    pair: ArrayLike,
    identifiable: ArrayLike | None,
    prefix: str,
) -> dict[str, float]:
    """Scores of learned against true weights [edge], gauge applied.

    target: neuron that an edge leads to. pair: number of its pair of cell types. Of the names, each after prefix: those
    of parameter_metrics; _sign_accuracy over edges stronger than 0.01; _R2_neuron_median, the median over neurons of
    the R2 of their own inputs; _R2_type_pairs, the mean over pairs of 1 - sum(error^2) / sum(W^2), each at least 0;
    _edge_auroc, where some edges have the weight 0.
    """
    x, y = np.asarray(learned, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"Weights must be two vectors with one value per edge, got shapes {x.shape} and {y.shape}.")
    strong = np.abs(y) > WEAK
    exists = y != 0
    finite = bool(np.isfinite(x).all())
    scores: dict[str, float | None] = {
        f"{prefix}_sign_accuracy": float((np.sign(x) == np.sign(y))[strong].mean())
        if finite and strong.any()
        else None,
        f"{prefix}_R2_neuron_median": _neuron_median(x, y, np.asarray(target)),
        f"{prefix}_R2_type_pairs": _macro(x, y, np.asarray(pair)) if finite else None,
    }
    if exists.any() and not exists.all():
        scores[f"{prefix}_edge_auroc"] = edge_auroc(np.abs(x), exists)
    return {
        **parameter_metrics(x, y, prefix=prefix, identifiable=identifiable),
        **reported(scores, "no edge is strong enough or a learned weight is not finite"),
    }


def perturbed_edge_metrics(
    learned: ArrayLike, true: ArrayLike, observed_edge: ArrayLike, n_edges: int
) -> dict[str, float]:
    """Scores of a graph that is not the connectome; learned and true [observed edge], true is 0 where none exists.

    observed_edge: number of the true edge of n_edges, -1 for a null edge. null_edge_auroc: how well |W| tells real from
    null edges. null_edge_rms: size of what was put on null edges, relative to the rms of the real ones.
    hidden_edge_share: true edges that no weight can describe, each of them a false negative.
    """
    x, y, number = np.asarray(learned, np.float64), np.asarray(true, np.float64), np.asarray(observed_edge)
    null, real = number < 0, (number >= 0) & (y != 0)
    scores: dict[str, float | None] = {}
    if null.any():
        considered = null | real
        scores["null_edge_auroc"] = edge_auroc(np.abs(x[considered]), real[considered])
        size = float(np.sqrt((y[real] ** 2).mean())) if real.any() else 0.0
        scores["null_edge_rms"] = float(np.sqrt((x[null] ** 2).mean())) / size if size > 0 else None
    hidden = n_edges - int((number >= 0).sum())
    if hidden:
        scores["hidden_edge_share"] = hidden / n_edges
    return reported(scores, "no real edge is observed or a learned weight is not finite")


def _neuron_median(x: np.ndarray, y: np.ndarray, target: np.ndarray) -> float | None:
    order = np.argsort(target, kind="stable")
    cuts = np.flatnonzero(np.diff(target[order])) + 1
    found = [identity_r2(x[own], y[own]) for own in np.split(order, cuts) if len(own) >= _FEWEST]
    known = [score for score in found if score is not None]
    return float(np.median(known)) if known else None


def _macro(x: np.ndarray, y: np.ndarray, pair: np.ndarray) -> float | None:
    power, error = np.bincount(pair, y**2), np.bincount(pair, (x - y) ** 2)
    there = power > 0
    if not there.any():
        return None
    return float(np.clip(1 - error[there] / power[there], 0, None).mean())
