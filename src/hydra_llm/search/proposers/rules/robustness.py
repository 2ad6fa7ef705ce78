"""A new best that counts as good is run once more without change, to rule out a lucky start.

Needs seed keys: with the same seeds a rerun would repeat the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, rerun
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal


class RobustnessTest(Stated):
    name: ClassVar[str] = "robustness-test"
    when: ClassVar[str] = "a new best"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        best = history.new_best(context)
        if best is None or context.space.key(best.values) in taken:
            return None
        note = f"rerun of node {best.id} with fresh seeds"
        return rerun(context, slot, best, self.name, note=note)
