"""Branching that is enforced when the search runs in a chain.

`ForceBranch` acts on the branching rate of a search that gains nothing, `ForcedDiversity` on a long chain.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal

TOP = 3
MIN_VISITS = 3
RECENT = 4


class ForceBranch(Stated):
    """A random node of the top three, not the last one."""

    name: ClassVar[str] = "force-branch"
    when: ClassVar[str] = "branching rate below 20 % and no gain in the latest 4 configurations and not twice in a row"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        latest = history.recent_nodes(context, 1)
        top = [node for node in parents_by_rank(context, slot) if node.id not in latest][:TOP]
        order = context.rng(slot.index).permutation(len(top))
        return first_move(context, slot, [top[i] for i in order], taken, self.name)


class ForcedDiversity(Stated):
    """A node with at least three visits that is not among the last four."""

    name: ClassVar[str] = "forced-diversity"
    when: ClassVar[str] = "8 steps in one chain"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        recent = history.recent_nodes(context, RECENT)
        nodes = [n for n in parents_by_rank(context, slot, skip=recent, most=None) if n.visits >= MIN_VISITS]
        return first_move(context, slot, nodes, taken, self.name)
