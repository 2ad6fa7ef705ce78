"""A bandit over sources of proposals: a guide (the language model or the rules), TPE, small steps, crossover, ablation
of the incumbent, reruns.

Each slot goes to the source with the highest UCB1 over its credits (hybrid_credit.py); a source that has nothing new to
offer passes the slot on, and the guide takes what no operator can fill. The provenance of a trial names its source, via
"hybrid".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hydra_llm.llm.usage import RecordedCall, TotalUsage
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerError, ProposerStop, mutate
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.hybrid.credit import WINDOW, Record, credits, order
from hydra_llm.search.proposers.hybrid.operators import OPERATORS
from hydra_llm.search.proposers.numeric import tpe
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal, Trial

GUIDE = "guide"
TPE = "tpe"
RERUN = "replicate"
ARMS = (GUIDE, TPE, *(name for name in OPERATORS if name != RERUN), RERUN)
BY_GUIDE = ("baseline", "diverse")  # roles on an empty tree
GUIDES = ("rules", "llm")


class HybridProposer(Proposer):
    name: str = "hybrid"

    def __init__(self, guide: Proposer, sampler: Proposer) -> None:
        self._guide = guide
        self._sampler = sampler
        self.reads_notes = guide.reads_notes
        self.protocol = guide.protocol

    @property
    def spent(self) -> TotalUsage | None:
        """What the guide used, if it is a language model."""
        return self._guide.spent

    def resume(self, calls: Iterable[RecordedCall]) -> None:
        """Counting is the guide's."""
        self._guide.resume(calls)

    def review(self, context: Context) -> Decision:
        """Looking back is the guide's; of one that does not, the block ends with nothing said."""
        return self._guide.review(context) or Decision()

    def propose(self, context: Context) -> Decision:
        filled: dict[int, Proposal] = {}
        taken = set(context.rejected)
        for_guide: list[Slot] = []
        planned: dict[str, int] = {}
        records = credits([(source_of(t), t) for t in context.finished[-2 * WINDOW :]], context.objective)
        for slot in context.slots:
            for arm in self._line(context, slot, records, planned):
                if arm == GUIDE:
                    for_guide.append(slot)
                else:
                    proposal = self._coded(arm, context, slot, taken)
                    if proposal is None:
                        continue
                    filled[slot.index] = proposal
                    if proposal.changes:
                        taken.add(context.space.key(proposal.values))
                planned[arm] = planned.get(arm, 0) + 1
                break
        guided = self._guided(context, tuple(for_guide), taken) if for_guide else Decision()
        filled |= {proposal.slot: proposal for proposal in guided.proposals}
        return replace(guided, proposals=tuple(filled[slot.index] for slot in context.slots if slot.index in filled))

    def _line(
        self, context: Context, slot: Slot, records: Mapping[str, Record], planned: Mapping[str, int]
    ) -> list[str]:
        """The sources in the order in which they are asked to fill a slot; a guide that is asked once only is left out
        of a second try.
        """
        guide = [GUIDE] if not (context.feedback and self._guide.asked_once) else []
        if slot.role in BY_GUIDE or not len(context.tree):
            return guide
        if slot.role == RERUN:
            return [RERUN, *guide]
        arms = (*guide, *ARMS[1:])
        return order(arms if slot.role == "free" else arms[:-1], records, planned)

    def _coded(self, arm: str, context: Context, slot: Slot, taken: set[str]) -> Proposal | None:
        if arm == TPE:
            try:
                asked = replace(context, slots=(replace(slot, role="free"),), rejected=frozenset(taken))
                (proposal,) = Decision.of(self._sampler.propose(asked)).proposals
            except ProposerStop:
                raise
            except ProposerError:
                return None
            return replace(proposal, role=slot.role, provenance=Provenance(arm, via=self.name))
        child = OPERATORS[arm](context, taken, context.rng(slot.index))
        if child is None:
            return None
        proposal = mutate(context, slot, child.parent.id, child.values, strategy=arm, source=arm, note=child.note)
        return replace(proposal, provenance=Provenance(arm, via=self.name))

    def _guided(self, context: Context, slots: tuple[Slot, ...], taken: set[str]) -> Decision:
        asked = replace(context, slots=slots, rejected=frozenset(taken))
        decision = Decision.of(self._guide.propose(asked))
        refused = (replace(refusal, proposal=self._handed_on(refusal.proposal)) for refusal in decision.refused)
        return replace(decision, proposals=tuple(map(self._handed_on, decision.proposals)), refused=tuple(refused))

    def _handed_on(self, proposal: Proposal) -> Proposal:
        by = proposal.provenance
        return replace(proposal, provenance=replace(by, source=by.source or self._guide.name, via=self.name))


def source_of(trial: Trial) -> str:
    """The arm that a trial is credited to, "" for trials of other proposers and for the start of a block."""
    provenance = trial.proposal.provenance
    if provenance.via != HybridProposer.name or trial.proposal.parent is None:
        return ""
    return provenance.source if provenance.source in ARMS else GUIDE


def build(settings: Mapping[str, Any]) -> HybridProposer:
    """`guide` names who guides, rules or llm; the other settings are the guide's."""
    from hydra_llm.search.proposers.registry import make_proposer

    rest = dict(settings)
    guide = str(rest.pop("guide", GUIDES[0]))
    if guide not in GUIDES:
        raise ValueError(f"The guide of the hybrid proposer must be one of {', '.join(GUIDES)}, got {guide!r}.")
    return HybridProposer(make_proposer(guide, rest), tpe.build({}))
