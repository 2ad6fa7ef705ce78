"""The floor that every proposer has to beat: configurations drawn from the space, after the baseline."""

from __future__ import annotations

from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.base import Proposer, ProposerError, mutate
from hydra_llm.search.trial.trial import Proposal

DRAWS = 256


class RandomProposer(Proposer):
    name: str = "random"
    reads_notes: bool = False

    def propose(self, context: Context) -> list[Proposal]:
        taken: set[str] = set(context.rejected)
        proposals: list[Proposal] = []
        for slot in context.slots:
            try:
                values = self._draw(context, slot.index, taken)
            except ProposerError:
                if proposals:
                    break
                raise
            taken.add(context.space.key(values))
            root = context.tree.root
            parent = None if root is None else root.id
            strategy = "baseline" if parent is None and not proposals else "random"
            proposals.append(mutate(context, slot, parent, values, strategy=strategy, source=self.name))
        return proposals

    def _draw(self, context: Context, slot: int, taken: set[str]) -> dict[str, Any]:
        rng = context.rng(slot)
        baseline = context.space.baseline()
        if len(context.tree) == 0 and taken == context.rejected and context.space.key(baseline) not in taken:
            return baseline
        for _ in range(DRAWS):
            values = context.space.sample(rng)
            if context.space.key(values) not in taken and context.tree.find(values) is None:
                return values
        raise ProposerError(
            f"{DRAWS} random draws gave no new configuration after {len(context.tree)} of them. Widen the search space."
        )
