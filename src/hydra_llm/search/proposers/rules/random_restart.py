"""The last resort when a rule finds no untried neighbour: a configuration drawn from the whole space."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import child_of, rerun
from hydra_llm.search.trial.trial import Proposal

DRAWS = 64


class RandomRestart:
    name: ClassVar[str] = "random-restart"
    rules: ClassVar[tuple[str, ...]] = ()

    def condition(self, context: Context) -> bool:
        return len(context.tree) > 0

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        """A new configuration; once a finite space is used up, the best one again if reruns teach something."""
        rng = context.rng(slot.index)
        root = context.tree.root
        assert root is not None  # the condition
        for _ in range(DRAWS):
            values = context.space.sample(rng)
            if context.space.key(values) not in taken and context.tree.find(values) is None:
                return child_of(context, slot, root, values, self.name)
        if not context.seed_keys:
            return None
        best = context.tree.best() or root
        return rerun(context, slot, best, self.name, note="every configuration that was drawn had been run")
