"""A parallel start on an empty tree: beside the baseline, configurations spread over the space.

They are roots of their own, because proposals of one batch never name each other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.rules.strategy import SOURCE
from hydra_llm.search.trial.trial import Proposal

DRAWS = 64


class DiverseStart:
    name: ClassVar[str] = "diverse-start"
    rules: ClassVar[tuple[str, ...]] = ()

    def condition(self, context: Context) -> bool:
        return len(context.tree) == 0

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        rng = context.rng(slot.index)
        for _ in range(DRAWS):
            values = context.space.sample(rng)
            if context.space.key(values) not in taken:
                return mutate(context, slot, None, values, strategy=self.name, source=SOURCE)
        return None
