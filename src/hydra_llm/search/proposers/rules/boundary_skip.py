"""Three partial results after probing a boundary: leave it, and branch from the best node elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.statistics.phrases import PARTIAL_AT_A_LIMIT
from hydra_llm.search.trial.trial import Proposal


class BoundarySkip(Stated):
    name: ClassVar[str] = "boundary-skip"
    when: ClassVar[str] = "3 partial at a limit that was probed"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        boundary = history.recent_nodes(context, PARTIAL_AT_A_LIMIT)
        return first_move(context, slot, parents_by_rank(context, slot, skip=boundary), taken, self.name)
