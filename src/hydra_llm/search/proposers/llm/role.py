"""What a language model's proposals are for: they run, they compete, or they get a share of the trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.number_text import number
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.bayes.shortlist import is_preferred, standing
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.standing import PoolCandidate, Standing
from hydra_llm.search.trial.trial import Proposal

PROCESS = "bayes"  # whose slots and whose configurations are not the model's


class Role(ABC):
    @abstractmethod
    def is_mine(self, context: Context, place: int) -> bool:
        """Whether the model is asked for the slot at this place of the context."""

    @abstractmethod
    def settle(self, context: Context, slot: Slot, proposal: Proposal, choice: PoolCandidate | None) -> Proposal:
        """What runs in a slot for which the model gave `proposal`, and the process would choose `choice`."""


class DecidingRole(Role):
    def is_mine(self, context: Context, place: int) -> bool:
        return True

    def settle(self, context: Context, slot: Slot, proposal: Proposal, choice: PoolCandidate | None) -> Proposal:
        return proposal


class CompetingRole(DecidingRole):
    """The proposal enters the pool; the pool's score decides between it and the best of the others."""

    def settle(self, context: Context, slot: Slot, proposal: Proposal, choice: PoolCandidate | None) -> Proposal:
        if choice is None or is_preferred(context, slot, proposal.values, choice):
            return proposal
        return of_process(context, slot, choice, instead_of=proposal)


@dataclass(frozen=True)
class SharingRole(DecidingRole):
    every: int

    def is_mine(self, context: Context, place: int) -> bool:
        return (len(context.block_trials) + place + 1) % self.every == 0


def role_of(settings: LlmSettings) -> Role:
    if settings.role == "share":
        return SharingRole(settings.every)
    return CompetingRole() if settings.role == "candidate" else DecidingRole()


def settled(role: Role, context: Context, proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """What runs, each with its standing beside the pool."""
    slots = {slot.index: slot for slot in context.slots}
    choices = choices_of(context)
    found: list[Proposal] = []
    for proposal in proposals:
        slot, choice = slots[proposal.slot], choices.get(proposal.slot)
        taken = {context.space.key(one.values) for one in found}
        if choice is not None and context.space.key(choice.values) in taken:
            choice = None  # the model ran it in another slot of the batch
        beside = replace(proposal, standing=standing(context, proposal, choice))
        runs = role.settle(context, slot, beside, choice)
        # an expected distance to the ideal point says nothing once the front has moved that point
        found.append(runs if context.objectives is None else replace(runs, standing=None))
    return tuple(found)


def choices_of(context: Context) -> dict[int, PoolCandidate]:
    """Slot -> what the process would run there: the first candidate that fits and that no earlier slot has."""
    left = list(context.pool)
    found = {}
    for slot in context.slots:
        choice = next((one for one in left if one.fits(slot.fixed)), None)
        if choice is not None:
            left.remove(choice)
            found[slot.index] = choice
    return found


def of_process(context: Context, slot: Slot, choice: PoolCandidate, instead_of: Proposal) -> Proposal:
    """The pool's choice as a proposal, with a word on the one that it was preferred to."""
    mine = instead_of.standing.expected if instead_of.standing is not None else None
    expected = "" if mine is None else f", expected {number(mine.median)}"
    note = (
        f"preferred to the model's own ({instead_of.mutation}; from {instead_of.parent}{expected}): "
        f"expected {number(choice.expected.median)}"
    )
    proposal = mutate(context, slot, choice.parent, choice.values, strategy=choice.source, source=PROCESS, note=note)
    beside = Standing(choice.expected, choice.expected, choice.values, context.pool.index(choice) + 1)
    return replace(proposal, provenance=Provenance(PROCESS, via="llm"), standing=beside)
