"""The coded proposer: strategies, asked in the order of their role. Needs no network."""

from __future__ import annotations

from collections.abc import Mapping

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.proposers.rules.order import ALWAYS, ORDER
from hydra_llm.search.proposers.rules.strategy import Strategy
from hydra_llm.search.trial.trial import Proposal


class RulesProposer(Proposer):
    """`order` is role -> strategies; the last two of each role are asked whatever their condition says."""

    name: str = "rules"
    reads_notes: bool = False
    order: Mapping[str, tuple[Strategy, ...]] = ORDER

    def propose(self, context: Context) -> list[Proposal]:
        taken: set[str] = set(context.rejected)
        proposals = []
        for slot in context.slots:
            proposal = self._fill(context, slot, taken)
            if proposal is None and proposals:
                break
            if proposal is None:
                raise ProposerError(
                    f"The rules found no configuration left to try after {len(context.tree)} of them. "
                    "Widen the search space, or declare seed_keys so that reruns vary."
                )
            if proposal.changes or proposal.parent is None:  # reruns may fill several slots
                taken.add(context.space.key(proposal.values))
            proposals.append(proposal)
        return proposals

    def _fill(self, context: Context, slot: Slot, taken: set[str]) -> Proposal | None:
        if slot.role not in self.order:
            raise ValueError(f"role must be one of {', '.join(self.order)}, got {slot.role!r}.")
        strategies = self.order[slot.role]
        for strategy in strategies[:-2]:
            if strategy.condition(context):
                proposal = strategy.propose(context, slot, taken)
                if proposal is not None:
                    return proposal
        extra = (ALWAYS[slot.role],) if slot.role in ALWAYS and len(context.tree) > 0 else ()
        for strategy in (*extra, *strategies[-2:]):
            if len(context.tree) > 0:
                proposal = strategy.propose(context, slot, taken)
                if proposal is not None:
                    return proposal
        return None
