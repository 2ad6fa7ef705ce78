"""Runs a promising configuration again, unchanged, until three runs (or four when they disagree) say how good it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import rerun
from hydra_llm.search.statistics.replication import RETIRE_RUNS, is_retired
from hydra_llm.search.statistics.variance import HIGH_CV
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Proposal

TOP = 3  # configurations that must be known well
ENOUGH_RUNS = 3  # frees a slot


class Replicate:
    name: ClassVar[str] = "replicate"

    def condition(self, context: Context) -> bool:
        return bool(context.seed_keys) and bool(self.candidates(context))

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        """The candidate with the fewest runs; a configuration may fill several slots of one batch."""
        candidates = self.candidates(context)
        if not context.seed_keys or not candidates:
            return None
        replicating = [s.index for s in context.slots if s.role == "replicate"]
        turn = replicating.index(slot.index) if slot.index in replicating else 0
        node = candidates[turn % len(candidates)]
        return rerun(context, slot, node, self.name, note=f"rerun of node {node.id}: {node.runs} run(s) so far")

    def candidates(self, context: Context) -> list[Node]:
        """Of the best three: those below three runs, then those with a high CV until they retire, best first."""
        top = context.tree.top(TOP)
        few = [node for node in top if node.runs + node.pending < ENOUGH_RUNS]
        loose = [
            node
            for node in top
            if node not in few
            and node.runs + node.pending <= RETIRE_RUNS
            and (node.cv or 0.0) > HIGH_CV
            and not is_retired(context, node)
        ]
        return few + loose
