"""Four mutations of one parameter in a row: move another one."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal


class SwitchDimension(Stated):
    name: ClassVar[str] = "switch-dimension"
    when: ClassVar[str] = "4 mutations of one parameter in a row"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        stuck, _ = history.dimension_streak(context)
        others = {dimension.name for dimension in context.space.free()} - {stuck}
        return first_move(context, slot, parents_by_rank(context, slot), taken, self.name, only=others)
