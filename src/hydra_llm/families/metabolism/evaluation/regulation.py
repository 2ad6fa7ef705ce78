"""Scores of homeostasis: what the network learned and what the oracles find, against the truth. Looks at the truth."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from hydra_llm.families.metabolism.evaluation.embedding import embedding_metrics
from hydra_llm.families.metabolism.evaluation.homeostasis import (
    Lines,
    Regulation,
    fit_lines,
    homeostasis_metrics,
    verdict,
)
from hydra_llm.families.metabolism.figures.homeostasis import homeostasis
from hydra_llm.families.metabolism.fitting.joint_regression import Condensed, JointFit
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.figures.embedding import embedding
from hydra_llm.figures.labels import Labels
from hydra_llm.metrics.clustering import cluster, cluster_metrics
from hydra_llm.metrics.gauge import recorded_grid

log = logging.getLogger(__name__)

GRID = 50  # concentrations per response
SWEEP = (0.0, 40.0)  # the published range of the line fit, whatever was recorded
SEED = 0  # of k-means


@dataclass(frozen=True)
class RegulationScores:
    """What a network learned of homeostasis. clusters [metabolite]: from the embedding, None if it takes no part."""

    metrics: dict[str, float]
    lines: Lines
    clusters: np.ndarray | None


def regulation_of(truth: Mapping[str, Tensor]) -> Regulation | None:
    """The true law per type, None for a system without homeostasis."""
    rate = truth["homeostatic_lambda"]
    if not (rate > 0).any():
        return None
    return Regulation.per_type(rate.numpy(), truth["homeostatic_baseline"].numpy(), truth["metabolite_type"].numpy())


def score_regulation(
    net: ReactionGNN, recorded: np.ndarray, truth: Regulation, *, clustering: str, distance: float
) -> RegulationScores:
    """recorded: concentrations [frame, metabolite] of the training trajectory."""
    information = recorded.astype(np.float64).var(axis=0)
    grid = recorded_grid(recorded, GRID)
    lines = fit_lines(grid, response(net, grid), information)
    metrics = homeostasis_metrics(lines, truth)
    if "avg_slope_ratio" in metrics:
        average = metrics["avg_slope_ratio"]
        log.info("avg_slope_ratio: %.3f, %s by the published limits", average, verdict(average))
    sweep = np.linspace(*SWEEP, GRID)[:, None].repeat(recorded.shape[1], axis=1)
    swept = homeostasis_metrics(fit_lines(sweep, response(net, sweep), np.ones_like(information)), truth)
    if "avg_slope_ratio" in swept:
        metrics["avg_slope_ratio_sweep"] = swept["avg_slope_ratio"]  # as published: beyond what was recorded
    if len(np.unique(truth.types)) < 2:
        return RegulationScores(metrics, lines, None)
    if not _speaks(net, recorded):
        log.info("Not reported: embedding_cluster_acc, because the node function is silent: there was no phase 2.")
        return RegulationScores(metrics, lines, None)
    curves = response(net, common_grid(recorded)).T
    found = cluster_metrics(cluster(curves, len(np.unique(truth.types)), SEED), truth.types)
    metrics |= {name: value for name, value in found.items() if name.startswith("cluster_")}
    if net.embedding.embedding_dim == 0:
        return RegulationScores(metrics, lines, None)
    a = net.embedding.a.detach().double().numpy()
    scores, labels = embedding_metrics(a, truth.types, clustering=clustering, distance=distance, seed=SEED)
    return RegulationScores(metrics | scores, lines, labels)


def slopes_of(net: ReactionGNN, recorded: np.ndarray, truth: Regulation) -> dict[str, float]:
    """slope_score and avg_slope_ratio alone, after every interval of a fit; none where a true line is flat or passes
    through zero.
    """
    if not (truth.slope * truth.offset).all():
        return {}
    grid = recorded_grid(recorded, GRID)
    information = recorded.var(axis=0, dtype=np.float64)
    metrics = homeostasis_metrics(fit_lines(grid, response(net, grid), information), truth)
    return {name: metrics[name] for name in ("slope_score", "avg_slope_ratio")}


def oracle_regulation(
    condensed: Condensed, joint: JointFit, recorded: np.ndarray, truth: Regulation
) -> dict[str, float]:
    """Slopes of two oracles that know the rate law: oracle_..., joint least squares of constants and a line per
    metabolite, and oracle_sequential_..., lines on top of constants that were fitted without any.

    What sequential misses no training of phase 2 finds behind frozen constants.
    """
    information = recorded.astype(np.float64).var(axis=0)
    assert joint.lines is not None  # it was solved with a line per metabolite
    found: dict[str, float] = {}
    for prefix, lines in (
        ("oracle_", joint.lines),
        ("oracle_sequential_", condensed.lines_given(condensed.solve("none").k)),
    ):
        slope, offset = lines[:, 0].numpy(), lines[:, 1].numpy()
        found |= homeostasis_metrics(Lines(slope, offset, information), truth, prefix=prefix)
        if len(np.unique(truth.types)) > 1:
            # a line by its values at two concentrations that all metabolites share: one unit for both features
            low, high = np.quantile(recorded, [0.1, 0.9])
            values = np.stack([slope * low + offset, slope * high + offset], axis=1)
            labels = cluster(values, len(np.unique(truth.types)), SEED)
            found[f"{prefix}embedding_cluster_acc"] = cluster_metrics(labels, truth.types)["cluster_accuracy"]
    return found


def regulation_figures(
    net: ReactionGNN, recorded: np.ndarray, regulated: RegulationScores, truth: Regulation, labels: Labels
) -> dict[str, Figure]:
    """MLP_node: responses per type over the truth. embedding: where phase 2 gave the metabolites one to separate in."""
    grid, spread = recorded_grid(recorded, GRID), recorded.std(axis=0)
    drawn = {
        "MLP_node": homeostasis(
            grid, response(net, grid), truth.types, truth.slope, truth.offset, regulated.lines.slope, spread, labels
        )
    }
    if regulated.clusters is not None and net.embedding.embedding_dim >= 2:
        a = net.embedding.a.detach().numpy()
        accuracy = regulated.metrics["embedding_cluster_acc"]
        drawn["embedding"] = embedding(a, truth.types, regulated.clusters, accuracy, labels)
    return drawn


def response(net: ReactionGNN, c: np.ndarray) -> np.ndarray:
    """Learned homeostasis [point, metabolite] at concentrations c [point, metabolite], at clock 0 if there is one."""
    states = torch.from_numpy(c).to(net.log_k.dtype)
    external = states.new_zeros((len(states), 1)) if net.input_mode == "clock" else None
    with torch.no_grad():
        return net.homeostasis(states, external).double().numpy()


def common_grid(recorded: np.ndarray) -> np.ndarray:
    """Concentrations [point, metabolite] that are the same for all metabolites: 1 % to 99 % of the recording."""
    low, high = np.quantile(recorded, [0.01, 0.99])
    return np.linspace(low, high, GRID)[:, None].repeat(recorded.shape[1], axis=1)


def _speaks(net: ReactionGNN, recorded: np.ndarray) -> bool:
    last = net.node_func.net[-1]
    assert isinstance(last, torch.nn.Linear)
    return bool((last.weight != 0).any())
