"""An empty tree starts at the configuration that the application composes by itself; its trial is the root."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.rules.strategy import SOURCE, rerun
from hydra_llm.search.trial.trial import Proposal


class Baseline:
    name: ClassVar[str] = "baseline"

    def condition(self, context: Context) -> bool:
        return len(context.tree) == 0

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        values = context.space.baseline()
        if context.space.key(values) in taken and not context.seed_keys:
            return None
        note = "the application's own configuration"
        return mutate(context, slot, None, values, strategy=self.name, source=SOURCE, note=note)


class RepeatBaseline:
    """A parallel start from baselines: the first three batches run nothing else, so that the noise is known first."""

    name: ClassVar[str] = "repeat-baseline"

    def condition(self, context: Context) -> bool:
        return context.tree.root is not None and bool(context.seed_keys)

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        root = context.tree.baseline or context.tree.root
        return None if root is None else rerun(context, slot, root, self.name, note="the baseline once more")
