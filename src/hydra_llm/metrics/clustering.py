"""Cell types from learned embeddings: label-free clusters, and their agreement with the true types."""

import logging

import numpy as np
from numpy.typing import ArrayLike

log = logging.getLogger(__name__)

_MAX_CLUSTERS = 12
_MIN_SILHOUETTE = 0.5  # below it, no partition separates the points: one cluster


def cluster(features: ArrayLike, n_clusters: int | None, seed: int) -> np.ndarray:
    """k-means labels [neuron] of features [neuron, feature], without looking at any type.

    n_clusters None: the number (up to 12) with the largest silhouette, or one cluster if none exceeds 0.5.
    """
    from sklearn.cluster import KMeans  # a second of import that only clustering needs
    from sklearn.metrics import silhouette_score

    points = np.asarray(features, dtype=np.float64)
    n_distinct = len(np.unique(points, axis=0))

    def labels(k: int) -> np.ndarray:
        return KMeans(k, n_init=10, random_state=seed).fit_predict(points)  # pyright: ignore[reportArgumentType]

    if n_clusters is not None:
        return labels(min(n_clusters, n_distinct))
    best, chosen = _MIN_SILHOUETTE, np.zeros(len(points), dtype=np.int64)
    for k in range(2, min(_MAX_CLUSTERS, n_distinct, len(points) - 1) + 1):
        candidate = labels(k)
        score = float(silhouette_score(points, candidate))
        if score > best:
            best, chosen = score, candidate
    return chosen


def cluster_metrics(labels: ArrayLike, types: ArrayLike) -> dict[str, float]:
    """cluster_accuracy (best one-to-one matching of clusters to types), cluster_ari, cluster_nmi, n_clusters."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    found, true = np.asarray(labels).ravel(), np.asarray(types).ravel()
    if found.shape != true.shape:
        raise ValueError(f"{found.size} labels cannot be compared with {true.size} types. Give one label per neuron.")
    _, column = np.unique(true, return_inverse=True)
    _, row = np.unique(found, return_inverse=True)
    counts = np.zeros((row.max() + 1, column.max() + 1))  # [cluster, type]
    np.add.at(counts, (row, column), 1)
    matched = linear_sum_assignment(counts, maximize=True)
    scores = {"cluster_accuracy": float(counts[matched].sum() / true.size), "n_clusters": float(row.max() + 1)}
    if counts.shape[1] < 2:
        log.info("Not reported: cluster_ari and cluster_nmi, because all neurons are of one type.")
        return scores
    return {
        **scores,
        "cluster_ari": float(adjusted_rand_score(true, found)),
        "cluster_nmi": float(normalized_mutual_info_score(true, found)),
    }
