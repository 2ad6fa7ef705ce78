"""Types in a learned embedding, found without labels and compared with the true ones afterwards."""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.choice import check_choice
from hydra_llm.metrics.clustering import cluster, cluster_metrics, density_cluster, silhouette

log = logging.getLogger(__name__)

CLUSTERINGS = ("kmeans", "dbscan")
DBSCAN_MIN_SAMPLES = 5  # as published, with a distance of 0.1


def embedding_metrics(
    a: ArrayLike, types: ArrayLike, *, clustering: str, distance: float, seed: int
) -> tuple[dict[str, float], np.ndarray]:
    """embedding_cluster_acc, _ari, _nmi, embedding_n_clusters, embedding_silhouette of a [unit, dim], and the labels.

    kmeans: as many clusters as there are types, at whatever scale the embedding has; embedding_n_clusters is then the
    number that the silhouette prefers without being told. dbscan: dense regions within the absolute `distance`, as
    published.
    """
    check_choice("clustering", clustering, CLUSTERINGS)
    points, true = np.asarray(a, dtype=np.float64), np.asarray(types).ravel()
    if clustering == "dbscan":
        labels = density_cluster(points, distance, DBSCAN_MIN_SAMPLES)
    else:
        labels = cluster(points, len(np.unique(true)), seed)
    found = cluster_metrics(labels, true)
    n_clusters = found["n_clusters"] if clustering == "dbscan" else float(len(np.unique(cluster(points, None, seed))))
    scores = {"embedding_cluster_acc": found["cluster_accuracy"], "embedding_n_clusters": n_clusters}
    scores |= {f"embedding_{name}": found[f"cluster_{name}"] for name in ("ari", "nmi") if f"cluster_{name}" in found}
    tightness = silhouette(points, labels)
    if tightness is None:
        log.info("Not reported: embedding_silhouette, because there are fewer than two clusters.")
    else:
        scores["embedding_silhouette"] = tightness
    return scores, labels
