"""An empty tree starts at the configuration that the application composes by itself; its trial is the root."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.proposers.base import Context, Slot, mutate
from hydra_llm.search.strategies.base import PROVENANCE
from hydra_llm.search.trial import Proposal


class Baseline:
    name: ClassVar[str] = "baseline"
    rules: ClassVar[tuple[str, ...]] = ("R014", "R079")

    def condition(self, context: Context) -> bool:
        return len(context.tree) == 0

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        values = context.space.baseline()
        if context.space.key(values) in taken and not context.seed_keys:
            return None
        note = "the application's own configuration"
        return mutate(context, slot, None, values, strategy=self.name, provenance=PROVENANCE, note=note)
