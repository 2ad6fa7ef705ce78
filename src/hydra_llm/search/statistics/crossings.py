"""Two good nodes far apart in the tree: what the better one may take over from the other.

"Far apart" is a tree distance of at least two; close relatives share most parameters already. Each pair is crossed once
per parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.statistics import history
from hydra_llm.search.tree.node import Node

MIN_DISTANCE = 2
TOP = 6  # nodes considered, best first: fifteen pairs


@dataclass(frozen=True)
class Crossing:
    """`values` are the better node's with one parameter of the other one, and never ran."""

    better: Node
    other: Node
    parameter: str
    values: dict[str, Any]


def crossings(context: Context) -> Iterator[Crossing]:
    """The best pair first, and of each pair the parameter whose change on the way to the other node gained most."""
    tree = context.tree
    for better, other in combinations(history.converged_nodes(context, TOP), 2):
        if (better.id, other.id) in tree.crossed:
            continue  # a configuration that ran stays in the tree, so this holds for good
        distance = tree.distance(better, other)
        if distance is not None and distance < MIN_DISTANCE:
            continue
        is_open = False
        for name in _by_service(context, better, other):
            values = {**better.values, name: other.values[name]}
            if tree.find(values) is None:
                is_open = True
                yield Crossing(better, other, name, values)
        if not is_open:
            tree.crossed.add((better.id, other.id))


def _by_service(context: Context, better: Node, other: Node) -> list[str]:
    """Differing parameters, those first whose change on the way to `other` gained most."""
    gains: dict[str, float] = {}
    for node in context.tree.lineage(other):
        parent, step_gain = context.tree.parent(node), history.gain(context, node)
        if parent is not None and step_gain is not None:
            for name in context.space.changed(parent.values, node.values):
                gains[name] = max(gains.get(name, 0.0), step_gain)
    names = [n for n in context.space.changed(better.values, other.values) if n in better.values and n in other.values]
    free = {dimension.name for dimension in context.space.free()}
    return sorted((n for n in names if n in free), key=lambda n: -gains.get(n, 0.0))
