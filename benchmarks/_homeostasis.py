"""One row of a table on homeostasis: runs over seeds, mean and spread."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from _train import Run, run


def row(labels: Mapping[str, str], overrides: Sequence[str], seeds: Sequence[int]) -> dict[str, object]:
    """Runs of train.py with the overrides, one per seed."""
    runs = [run(*overrides, "callbacks.figures=false", f"seed={seed}") for seed in seeds]
    seconds = [found.seconds for found in runs]
    return {
        **labels,
        "slope 0": spread(runs, "slope_ratio_0"),
        "slope 1": spread(runs, "slope_ratio_1"),
        "mean 0": spread(runs, "slope_ratio_0_mean"),
        "mean 1": spread(runs, "slope_ratio_1_mean"),
        "offset 0": spread(runs, "offset_ratio_0"),
        "offset 1": spread(runs, "offset_ratio_1"),
        "slope_score": spread(runs, "slope_score"),
        "accuracy": spread(runs, "embedding_cluster_acc"),
        "sequential 0": spread(runs, "oracle_sequential_slope_ratio_0"),
        "sequential 1": spread(runs, "oracle_sequential_slope_ratio_1"),
        "sequential mean 0": spread(runs, "oracle_sequential_slope_ratio_0_mean"),
        "sequential mean 1": spread(runs, "oracle_sequential_slope_ratio_1_mean"),
        "sequential accuracy": spread(runs, "oracle_sequential_embedding_cluster_acc"),
        "oracle accuracy": spread(runs, "oracle_embedding_cluster_acc"),
        "rate_constants_R2": spread(runs, "rate_constants_R2", 5),
        "wall (s)": f"{mean(seconds):.0f}, {max(seconds):.0f}",
    }


def spread(runs: Sequence[Run], name: str, digits: int = 2) -> str:
    values = [found.metrics[name] for found in runs if name in found.metrics]
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return ""
    return f"{mean(values):.{digits}f} +- {stdev(values) if len(values) > 1 else 0:.{digits}f}"
