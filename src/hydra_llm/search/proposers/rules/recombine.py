"""Two good nodes far apart in the tree: the better one takes the parameter that served the other best.

"Far apart" is a tree distance of at least two; close relatives share most parameters already. Each pair is crossed once
per parameter, and never in two trials in a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import child_of
from hydra_llm.search.statistics import history
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Proposal

MIN_DISTANCE = 2
TOP = 6  # nodes considered, best first: fifteen pairs


class Recombine:
    name: ClassVar[str] = "recombine"

    def condition(self, context: Context) -> bool:
        if history.last_strategy(context) == self.name:
            return False
        return next(self._pairs(context), None) is not None

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        for better, other in self._pairs(context):
            for name in self._by_service(context, better, other):
                values = {**better.values, name: other.values[name]}
                if context.space.key(values) in taken or context.tree.find(values) is not None:
                    continue
                note = f"{name} taken from node {other.id}"
                return child_of(context, slot, better, values, self.name, note=note)
        return None

    def _pairs(self, context: Context) -> Iterator[tuple[Node, Node]]:
        """(better, other) of nodes that are good, far apart, and differ in something not yet crossed."""
        tree = context.tree
        for better, other in combinations(history.converged_nodes(context, TOP), 2):
            if (better.id, other.id) in tree.crossed:
                continue  # a configuration that ran stays in the tree, so this holds for good
            distance = tree.distance(better, other)
            if distance is not None and distance < MIN_DISTANCE:
                continue
            if any(
                tree.find({**better.values, name: other.values[name]}) is None
                for name in self._by_service(context, better, other)
            ):
                yield better, other
            else:
                tree.crossed.add((better.id, other.id))

    def _by_service(self, context: Context, better: Node, other: Node) -> list[str]:
        """Differing parameters, those first whose change on the way to `other` gained most."""
        gains: dict[str, float] = {}
        for node in context.tree.lineage(other):
            parent, step_gain = context.tree.parent(node), history.gain(context, node)
            if parent is not None and step_gain is not None:
                for name in context.space.changed(parent.values, node.values):
                    gains[name] = max(gains.get(name, 0.0), step_gain)
        names = [
            n for n in context.space.changed(better.values, other.values) if n in better.values and n in other.values
        ]
        free = {dimension.name for dimension in context.space.free()}
        return sorted((n for n in names if n in free), key=lambda n: -gains.get(n, 0.0))
