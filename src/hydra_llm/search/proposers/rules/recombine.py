"""Two good nodes far apart in the tree: the better one takes the parameter that served the other best."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, child_of
from hydra_llm.search.statistics.crossings import crossings
from hydra_llm.search.trial.trial import Proposal


class Recombine(Stated):
    name: ClassVar[str] = "recombine"
    when: ClassVar[str] = "2 good nodes, not neighbours in the tree and not twice in a row"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        for found in crossings(context):
            if context.space.key(found.values) not in taken:
                note = f"{found.parameter} taken from node {found.other.id}"
                return child_of(context, slot, found.better, found.values, self.name, note=note)
        return None
