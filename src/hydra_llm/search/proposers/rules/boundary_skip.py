"""Three partial results after probing a boundary: leave it, and branch from the best node elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.failure_probe import FailureProbe
from hydra_llm.search.proposers.rules.strategy import first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal

PARTIALS = 3


class BoundarySkip:
    name: ClassVar[str] = "boundary-skip"

    def condition(self, context: Context) -> bool:
        if len(history.partial_streak(context)) < PARTIALS:
            return False
        return any(t.proposal.strategy == FailureProbe.name for t in islice(history.latest_finished(context), PARTIALS))

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        boundary = history.recent_nodes(context, PARTIALS)
        return first_move(context, slot, parents_by_rank(context, slot, skip=boundary), taken, self.name)
