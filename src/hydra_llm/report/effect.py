"""What a mutation did: the reward of a configuration above its parent's, and how certain that difference is.

Certainty compares the difference with the pooled standard deviation of single runs: 0 says that noise alone would do
it, 1 that noise cannot. It is 2 Phi(|d| / s) - 1 with s = sigma sqrt(1/n_child + 1/n_parent), and unknown while
nothing was repeated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective

LEVELS = (0.08, 0.35, 0.7)  # shares of the scale at which an edge takes the next colour


@dataclass(frozen=True)
class Effect:
    """`gain` is positive for better; `change` is the same in the metric's unit and sign."""

    gain: float
    change: float
    certainty: float | None


def score_name(objective: Objective) -> str:
    """What Objective.value_of_score gives: the metric, or for a target the distance to it."""
    if objective.target is None:
        return objective.name
    return f"|{objective.name} − {objective.target:g}|"


def effect(tree: Tree, node: Node, objective: Objective) -> Effect | None:
    """None for a root, and while one end has no score."""
    parent = tree.parent(node)
    if parent is None or parent.mean is None or node.mean is None:
        return None
    gain = node.mean - parent.mean
    change = objective.value_of_score(node.mean) - objective.value_of_score(parent.mean)
    return Effect(gain, change, certainty(gain, len(node.scores), len(parent.scores), spread_of(tree)))


def spread_of(tree: Tree) -> float | None:
    """Standard deviation of single runs, None while unknown."""
    return tree.noise_floor if tree.replicated() else None


def certainty(gain: float, runs: int, parent_runs: int, spread: float | None) -> float | None:
    if spread is None:
        return None
    error = spread * math.sqrt(1 / runs + 1 / parent_runs)
    if error == 0.0:
        return 1.0 if gain else 0.0
    return math.erf(abs(gain) / error / math.sqrt(2))


def scale_of(effects: Iterable[Effect]) -> float:
    """The difference that takes the strongest colour: the 90 % quantile of the sizes, so that one outlier does not
    bleach the rest.
    """
    sizes = sorted(abs(found.gain) for found in effects if found.gain)
    return sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))] if sizes else 1.0


def level(gain: float, scale: float) -> int:
    """-3 (much worse) to 3 (much better)."""
    strength = sum(abs(gain) / scale > limit for limit in LEVELS)
    return strength if gain >= 0 else -strength
