"""The leader stands at the end of a range: the value next to it, unless it ran already."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, child_of, is_new
from hydra_llm.search.statistics import openings
from hydra_llm.search.trial.trial import Proposal


class EdgeOfARange(Stated):
    name: ClassVar[str] = "exploit"
    when: ClassVar[str] = "the leader is at an edge with an untried neighbour"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        for edge in openings.open_edges(context):
            if is_new(context, edge.values, taken):
                return child_of(context, slot, edge.leader, edge.values, self.name, note=f"next to {edge.place}")
        return None
