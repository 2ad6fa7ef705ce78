"""After a run of successes: leave the recent chain and move a parameter that was not moved yet.

The parent rule (highest score outside the latest n_iter_block/4 nodes) and the mutation rule (an untried dimension)
come from two protocols and are applied together.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move, parents_by_rank
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal


class Explore(Stated):
    name: ClassVar[str] = "explore"
    when: ClassVar[str] = "n_iter_block/4 successes in a row and not twice in a row"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        recent = history.recent_nodes(context, context.rates.window)
        outside = parents_by_rank(context, slot, skip=recent) or parents_by_rank(context, slot)
        least = history.least_moved(context)
        return first_move(context, slot, outside, taken, self.name, only=least) or first_move(
            context, slot, outside, taken, self.name
        )
