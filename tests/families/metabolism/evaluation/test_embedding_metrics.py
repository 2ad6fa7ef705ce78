"""Types in an embedding: whatever its scale, and as published."""

import numpy as np
import pytest

from hydra_llm.families.metabolism.evaluation.embedding import embedding_metrics
from hydra_llm.metrics.clustering import NOISE, cluster_metrics, silhouette

TYPES = np.repeat([0, 1], 20)
POINTS = np.stack([TYPES, 0.05 * np.random.default_rng(0).normal(size=40)], axis=1)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_two_types_are_found_at_any_scale_of_the_embedding(scale):
    scores, _ = embedding_metrics(scale * POINTS, TYPES, clustering="kmeans", distance=0.1, seed=0)
    assert scores["embedding_cluster_acc"] == 1
    assert scores["embedding_n_clusters"] == 2
    assert scores["embedding_silhouette"] > 0.8


@pytest.mark.parametrize(("scale", "n_clusters", "accuracy"), [(1.0, 2, 1.0), (0.01, 1, 0.5), (1000, 0, 0.0)])
def test_the_published_distance_fits_one_scale_only(scale, n_clusters, accuracy):
    scores, _ = embedding_metrics(scale * POINTS, TYPES, clustering="dbscan", distance=0.1, seed=0)
    assert scores["embedding_n_clusters"] == n_clusters
    assert scores["embedding_cluster_acc"] == pytest.approx(accuracy, abs=0.1)


def test_points_of_no_cluster_are_wrong():
    labels = TYPES.copy()
    labels[:10] = NOISE
    scores = cluster_metrics(labels, TYPES)
    assert scores["cluster_accuracy"] == 0.75
    assert scores["n_clusters"] == 2


def test_one_cluster_has_no_silhouette():
    assert silhouette(POINTS, np.zeros(40)) is None
    assert silhouette(POINTS, np.full(40, NOISE)) is None


def test_an_unknown_clustering_is_named():
    with pytest.raises(ValueError, match="kmeans, dbscan"):
        embedding_metrics(POINTS, TYPES, clustering="spectral", distance=0.1, seed=0)
