"""Cell types found without labels, from what was recovered of every neuron."""

import logging

import numpy as np

from hydra_llm.families.flyvis.evaluation.relaxation_gauge import RecoveredParameters
from hydra_llm.families.flyvis.evaluation.truth import EyeTruth
from hydra_llm.metrics.clustering import cluster, cluster_metrics

log = logging.getLogger(__name__)


def cluster_types(
    recovered: RecoveredParameters, embedding: np.ndarray, truth: EyeTruth, seed: int
) -> tuple[np.ndarray | None, dict[str, float]]:
    """Clusters [neuron], as many as there are types, and their scores; None of an eye with one type.

    embedding [neuron, dimension], which may have no dimension.
    """
    n_types = len(np.unique(truth.types))
    if n_types < 2:
        return None, {}
    source, target = truth.edges
    n = len(truth.tau)
    features = [recovered.tau, recovered.v_rest]
    for end in (target, source):  # mean and spread of the weights into and out of every neuron
        count = np.maximum(np.bincount(end, minlength=n), 1)
        mean = np.bincount(end, recovered.W, minlength=n) / count
        square = np.bincount(end, recovered.W**2, minlength=n) / count
        features += [mean, np.sqrt(np.maximum(square - mean**2, 0))]
    labels = cluster(_standardised(np.column_stack([*features, embedding])), n_types, seed)
    scores = cluster_metrics(labels, truth.types)
    if embedding.shape[1] and np.ptp(embedding, axis=0).any():
        own = cluster_metrics(cluster(_standardised(embedding), n_types, seed), truth.types)
        scores["embedding_cluster_acc"] = own["cluster_accuracy"]
        scores["embedding_cluster_ari"] = own["cluster_ari"]
    else:
        log.info("Not reported: embedding_cluster_acc, because the network has no embedding that differs.")
    return labels, scores


def _standardised(features: np.ndarray) -> np.ndarray:
    """With variance 1; a feature that does not vary stays 0."""
    spread = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
