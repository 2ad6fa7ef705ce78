"""Cell types from learned embeddings: label-free clusters, and their agreement with the true types."""

import logging
import warnings

import numpy as np
from numpy.typing import ArrayLike

log = logging.getLogger(__name__)

NOISE = -1  # label of points that density_cluster puts nowhere
_MAX_CLUSTERS = 12
_COMPONENTS, _SHARE, _TIGHTEST = 8, 0.99, 0.03
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


def estimated_number(features: ArrayLike, seed: int) -> float:
    """How many clusters the features [neuron, feature] have, up to 12, without being told.

    The Gaussian mixture with the smallest BIC (Schwarz 1978), on principal components that carry 99 % of the variance.
    A cluster is no tighter than 3 % of the spread of all, so that rounding does not make types.
    """
    from sklearn.decomposition import PCA
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    points = np.asarray(features, dtype=np.float64)
    points = points - points.mean(axis=0)
    if len(points) < 3 or not points.std() > 1e-12 * np.abs(np.asarray(features)).max():
        return 1.0
    scores = PCA(n_components=min(_COMPONENTS, *points.shape), random_state=seed).fit_transform(points)
    share = np.cumsum(scores.var(axis=0)) / points.var(axis=0).sum()
    scores = scores[:, : int((share < _SHARE).sum()) + 1]
    scores = scores / np.sqrt(scores.var(axis=0).sum())
    most = min(_MAX_CLUSTERS, len(scores) // 2)

    def bic(k: int) -> float:
        mixture = GaussianMixture(k, covariance_type="spherical", reg_covar=_TIGHTEST**2, n_init=3, random_state=seed)
        return float(mixture.fit(scores).bic(scores))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # more clusters than distinct points
        return float(np.argmin([bic(k) for k in range(1, most + 1)]) + 1)


def density_cluster(features: ArrayLike, distance: float, min_samples: int) -> np.ndarray:
    """DBSCAN labels [neuron], NOISE for points in no dense region: the clustering of the publications.

    `distance` is absolute, 0.1 there: an embedding of another scale gives one cluster, or none.
    """
    from sklearn.cluster import DBSCAN

    return DBSCAN(eps=distance, min_samples=min_samples).fit_predict(np.asarray(features, dtype=np.float64))


def silhouette(features: ArrayLike, labels: ArrayLike) -> float | None:
    """Mean silhouette of the clustered points, from -1 to 1; None for one cluster or nothing but singles."""
    from sklearn.metrics import silhouette_score

    points, found = np.asarray(features, dtype=np.float64), np.asarray(labels).ravel()
    inside = found != NOISE
    n_clusters = len(np.unique(found[inside]))
    if not 2 <= n_clusters < inside.sum():
        return None
    return float(silhouette_score(points[inside], found[inside]))


def cluster_metrics(labels: ArrayLike, types: ArrayLike) -> dict[str, float]:
    """cluster_accuracy (best one-to-one matching of clusters to types), cluster_ari, cluster_nmi, n_clusters.

    NOISE is no cluster: its points count as wrong.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    found, true = np.asarray(labels).ravel(), np.asarray(types).ravel()
    if found.shape != true.shape:
        raise ValueError(f"There must be one label per neuron, got {found.size} labels for {true.size} neurons.")
    _, column = np.unique(true, return_inverse=True)
    _, row = np.unique(found, return_inverse=True)
    counts = np.zeros((row.max() + 1, column.max() + 1))  # [cluster, type]
    np.add.at(counts, (row, column), 1)
    counts = counts[np.unique(found) != NOISE]
    matched = linear_sum_assignment(counts, maximize=True)
    scores = {"cluster_accuracy": float(counts[matched].sum() / true.size), "n_clusters": float(len(counts))}
    if counts.shape[1] < 2:
        log.info("Not reported: cluster_ari and cluster_nmi, because all neurons are of one type.")
        return scores
    return {
        **scores,
        "cluster_ari": float(adjusted_rand_score(true, found)),
        "cluster_nmi": float(normalized_mutual_info_score(true, found)),
    }
