"""Rerun or explore: whether a slot is better spent on a configuration that is known or on a new one.

The question is settled by the probability that the incumbent is really the best, from means, numbers of runs and the
pooled standard deviation of single runs. Until something was repeated that deviation is unknown, so the incumbent is
rerun once before any difference is believed. A configuration retires after four runs when its spread is known well
enough and its verdict is clear.
"""

from __future__ import annotations

import math

import numpy as np

from hydra_llm.search.context import Context
from hydra_llm.search.statistics.variance import cv_error, verdict
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Recordings

RETIRE_RUNS = 4
CV_ERROR = 0.02  # standard deviation of the CV estimate below which the spread is known
RIVALS = 8  # configurations that could be the best in truth
CONFIDENT = 0.8  # probability of being best that ends reruns
WARM_UP = 3  # scored configurations before the first rerun
MOST_RERUNS = 0.2  # share of the block's trials
GRID = np.linspace(-4.0, 4.0, 65)  # standard deviations around the incumbent's mean


def is_retired(context: Context, node: Node) -> bool:
    """Whether further runs of this configuration would teach nothing: four runs, a known CV, a clear verdict."""
    error = cv_error(node)
    known = node.runs >= RETIRE_RUNS and error is not None and error < CV_ERROR
    return known and verdict(node, context.objective, context.thresholds) != "open"


def chance_of_best(records: Recordings) -> float | None:
    """Probability that the incumbent's true mean exceeds those of its rivals; None while the noise is unknown.

    Each true mean is taken as normal around the observed one, with the pooled deviation over the root of the runs, on
    the scale of tree/recordings.py; the probability is the integral of the incumbent's density times the rivals'
    distribution functions.
    """
    tree, floor = records.tree, records.noise_floor
    top = [node for node in tree.top(RIVALS) if node.scores]
    if not top or not tree.replicated():
        return None
    if floor <= 0.0:
        return 1.0
    best, *rivals = top
    spread = floor / math.sqrt(len(best.scores))
    at = records.scaled(tree.estimates[best.index]) + spread * GRID
    weight = np.exp(-(GRID**2) / 2)
    for rival in rivals:
        distance = (at - records.scaled(tree.estimates[rival.index])) / (floor / math.sqrt(len(rival.scores)))
        weight = weight * np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in distance])
    return float(weight.sum() / np.exp(-(GRID**2) / 2).sum())


def rerun_candidate(context: Context) -> Node | None:
    """The configuration to rerun now, None where a new one is the better use of the slot."""
    tree = context.tree
    if not context.seed_keys or len(tree.top(WARM_UP)) < WARM_UP or _rerun_share(context) >= MOST_RERUNS:
        return None
    chance = chance_of_best(context.recordings)
    if chance is None:
        best = tree.top(1)[0]
        return None if best.pending else best
    if chance >= CONFIDENT:
        return None
    open_rivals = [node for node in tree.top(2) if not is_retired(context, node)]
    return min(open_rivals, key=lambda n: (n.runs + n.pending, n.index), default=None)


def _rerun_share(context: Context) -> float:
    """Reruns among the block's trials: all runs beyond the first of each configuration."""
    runs = len(context.block_trials)
    return (runs - len(context.tree)) / runs if runs else 0.0
