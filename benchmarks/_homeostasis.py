"""One row of a table on homeostasis: runs over seeds, mean and spread."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from _train import over_seeds, scores, wall

COLUMNS = {
    "slope 0": "slope_ratio_0",
    "slope 1": "slope_ratio_1",
    "mean 0": "slope_ratio_0_mean",
    "mean 1": "slope_ratio_1_mean",
    "offset 0": "offset_ratio_0",
    "offset 1": "offset_ratio_1",
    "slope_score": "slope_score",
    "accuracy": "embedding_cluster_acc",
    "sequential 0": "oracle_sequential_slope_ratio_0",
    "sequential 1": "oracle_sequential_slope_ratio_1",
    "sequential mean 0": "oracle_sequential_slope_ratio_0_mean",
    "sequential mean 1": "oracle_sequential_slope_ratio_1_mean",
    "sequential accuracy": "oracle_sequential_embedding_cluster_acc",
    "oracle accuracy": "oracle_embedding_cluster_acc",
}


def row(labels: Mapping[str, str], overrides: Sequence[str], seeds: str) -> dict[str, object]:
    """Runs of train.py with the overrides, one for each of the comma-separated seeds."""
    runs = over_seeds(seeds, *overrides)
    rate_constants = scores(runs, {"rate_constants_R2": "rate_constants_R2"}, lambda values: spread(values, 5))
    return {**labels, **scores(runs, COLUMNS, spread), **rate_constants, "wall (s)": wall(runs)}


def spread(values: Sequence[float], digits: int = 2) -> str:
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return ""
    return f"{mean(values):.{digits}f} +- {stdev(values) if len(values) > 1 else 0:.{digits}f}"
