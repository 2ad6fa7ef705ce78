"""After a run of successes: leave the recent chain and move a parameter that was not moved yet.

The parent rule (highest score outside the latest n_iter_block/4 nodes) and the mutation rule (an untried dimension)
come from two protocols and are applied together.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.statistics.progress import window_of
from hydra_llm.search.trial.trial import Proposal


class Explore:
    name: ClassVar[str] = "explore"

    def condition(self, context: Context) -> bool:
        return history.success_streak(context) >= window_of(context.block.n_iter_block)

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        recent = history.recent_nodes(context, context.rates.window)
        outside = parents_by_rank(context, slot, skip=recent) or parents_by_rank(context, slot)
        records = history.dimension_records(context)
        fewest = min((record.tried for record in records.values()), default=0)
        untried = {name for name, record in records.items() if record.tried == fewest}
        return first_move(context, slot, outside, taken, self.name, only=untried) or first_move(
            context, slot, outside, taken, self.name
        )
