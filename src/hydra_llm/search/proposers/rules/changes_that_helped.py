"""Two changes of one configuration that each helped, and never ran together: both at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, child_of, is_new
from hydra_llm.search.statistics import openings
from hydra_llm.search.trial.trial import Proposal


class ChangesThatHelped(Stated):
    """The leader takes the change that its rival has over the same configuration."""

    name: ClassVar[str] = "recombine"
    when: ClassVar[str] = "two changes that helped never ran together"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        for corner in openings.helped(context):
            values = context.space.canonical({**corner.base.values, **corner.values})
            if is_new(context, values, taken):
                note = f"what nodes {corner.first.id} and {corner.second.id} each changed in node {corner.base.id}"
                return child_of(context, slot, corner.first, values, self.name, note=note)
        return None
