"""How far two runs of one configuration lie apart: the yardstick below which no difference is an improvement."""

from __future__ import annotations

from hydra_llm.search.tree.tree import Tree


def noise_floor(tree: Tree) -> float:
    """Pooled standard deviation of scores within configurations, in the metric's unit; 0 while nothing was repeated."""
    return tree.noise_floor
