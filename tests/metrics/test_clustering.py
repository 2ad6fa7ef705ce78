"""Clusters against types."""

import numpy as np
import pytest

from hydra_llm.metrics.clustering import cluster, cluster_metrics, estimated_number

TYPES = np.repeat([0, 1, 2, 3], 25)
CENTRES = np.array([[0, 0], [5, 0], [0, 5], [5, 5]])
POINTS = CENTRES[TYPES] + np.random.default_rng(0).normal(scale=0.3, size=(100, 2))


@pytest.mark.parametrize("n_clusters", [4, None])
def test_separated_types_are_found_with_and_without_their_number(n_clusters):
    scores = cluster_metrics(cluster(POINTS, n_clusters, seed=0), TYPES)
    assert scores == {"cluster_accuracy": 1, "cluster_ari": 1, "cluster_nmi": pytest.approx(1), "n_clusters": 4}


def test_the_names_of_clusters_do_not_matter():
    assert cluster_metrics(3 - TYPES, TYPES)["cluster_accuracy"] == 1


def test_one_cluster_is_right_for_its_largest_type_only():
    assert cluster_metrics(np.zeros(100), TYPES)["cluster_accuracy"] == 0.25


def test_more_clusters_than_types_are_not_all_matched():
    split = np.where(np.arange(100) == 0, 9, TYPES)
    assert cluster_metrics(split, TYPES)["cluster_accuracy"] == 0.99


def test_points_without_structure_are_one_cluster():
    points = np.random.default_rng(1).normal(size=(200, 2))
    assert len(np.unique(cluster(points, None, seed=0))) == 1


def test_equal_points_are_one_cluster():
    assert len(np.unique(cluster(np.ones((20, 2)), 4, seed=0))) == 1


def test_agreement_with_a_single_type_is_absent():
    assert cluster_metrics(np.zeros(5), np.zeros(5)) == {"cluster_accuracy": 1, "n_clusters": 1}


@pytest.mark.parametrize("k", [1, 4])
def test_the_number_of_clusters_is_found_without_being_told(k):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(k, 30))
    points = centres[np.arange(60) % k] + 0.05 * rng.normal(size=(60, 30))
    assert estimated_number(points, seed=0) == k
