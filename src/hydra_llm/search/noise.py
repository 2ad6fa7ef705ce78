"""How far two runs of one configuration lie apart: the yardstick below which no difference is an improvement."""

from __future__ import annotations

import math

from hydra_llm.search.tree import Tree

MIN_REPLICATES = 2


def noise_floor(tree: Tree) -> float:
    """Pooled standard deviation of scores within configurations, in the metric's unit; 0 while nothing was repeated."""
    squares, freedom = 0.0, 0
    for node in tree:
        if len(node.scores) >= MIN_REPLICATES and node.mean is not None:
            squares += sum((score - node.mean) ** 2 for score in node.scores)
            freedom += len(node.scores) - 1
    return math.sqrt(squares / freedom) if freedom else 0.0
