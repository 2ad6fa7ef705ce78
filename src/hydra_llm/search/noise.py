"""How far two runs of one configuration lie apart: the yardstick below which no difference is an improvement."""

from __future__ import annotations

import math

from hydra_llm.search.tree import Tree


def noise_floor(tree: Tree) -> float:
    """Pooled standard deviation of scores within configurations, in the metric's unit; 0 while nothing was repeated."""
    squares, freedom = 0.0, 0
    for node in tree.replicated():
        mean = sum(node.scores) / len(node.scores)
        squares += sum((score - mean) ** 2 for score in node.scores)
        freedom += len(node.scores) - 1
    return math.sqrt(squares / freedom) if freedom else 0.0
