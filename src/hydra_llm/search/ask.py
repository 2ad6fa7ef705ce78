"""From roles to valid proposals: ask the proposer, check every answer, ask again with the reasons, fall back to the
rules.

A refusal is never silent: each is returned for the log, and the provenance of what runs in the end names both who
failed and who stepped in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hydra_llm.search import slot_params
from hydra_llm.search.annotations import Annotations
from hydra_llm.search.blocks import present_block
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.context_builder import briefing
from hydra_llm.search.log.events import Rejection
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.base import Proposer, ProposerError, ProposerStop
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.records.tables import ucb_table
from hydra_llm.search.reparent import reparent
from hydra_llm.search.selection.base import SelectionPolicy, rank
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics import progress
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal

MAX_REPAIRS = 3
REASON_CHARACTERS = 200  # of a failure, as kept in the provenance
TABLE_ROWS = 64  # of the selection table that proposers see: the head is what matters, and a decision stays cheap


@dataclass
class _Round:
    """One batch in the making: which slots are filled, what was refused, and the first proposer's failure, if any."""

    context: Context
    accepted: dict[int, Proposal] = field(default_factory=dict)
    refused: list[Rejection] = field(default_factory=list)
    failure: str = ""

    @property
    def open_slots(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.context.slots if slot.index not in self.accepted)


class ProposalLoop:
    def __init__(
        self,
        settings: Settings,
        policy: SelectionPolicy,
        proposer: Proposer,
        validate: Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]],
    ) -> None:
        self.settings = settings
        self.policy = policy
        self.proposer = proposer
        self._validate = validate
        self.told = Annotations()  # beside the proposals, in the latest round

    def ranking(self, state: SweepState, number: int) -> list[tuple[int, float]]:
        if not len(state.tree):
            return []
        rng = np.random.default_rng([self.settings.seed, number])
        return rank(self.policy, state.tree.arms(), rng)

    def context(self, state: SweepState, slots: tuple[Slot, ...], number: int) -> Context:
        """Everything a proposer may read at this moment."""
        tree, block = state.tree, present_block(state, self.settings)
        ranking = self.ranking(state, number)
        floor = tree.noise_floor
        trials = state.block_trials(block.index)
        return Context(
            space=self.settings.space,
            objective=self.settings.objective,
            tree=tree,
            trials=tuple(state.trials.values()),
            at_hand=trials,
            slots=slots,
            ranking=ranking,
            block=block,
            next_number=number,
            n_trials=self.settings.n_trials,
            seed=self.settings.seed,
            thresholds=self.settings.thresholds,
            rates=progress.measure(trials, tree, self.settings.objective, self.settings.nominal_block, floor),
            noise_floor=floor,
            focus=self.settings.focus,
            seed_keys=self.settings.seed_keys,
            rejected=frozenset(r.key for r in state.rejections if r.block == block.index),
            ucb_table=ucb_table(state, ranking[:TABLE_ROWS], self.settings, self.policy),
            protocol=state.protocol,
            block_space=self.settings.block_space if self._another_block(state, len(slots)) else None,
            tested_regimes=tuple(record.values for record in state.blocks),
            task=self.settings.task,
            fixed=tuple(self.settings.identity.get("fixed", ())),
            budget=tuple(self.settings.identity.get("trial_overrides", ())),
            **(briefing(state, self.settings, review=not slots) if self.reads_notes else {}),
        )

    @property
    def reads_notes(self) -> bool:
        """Whether the proposer reads memory, predictions and what a person writes; the coded ones do not."""
        return bool(getattr(self.proposer, "reads_notes", True))

    def review(self, state: SweepState, number: int) -> str:
        """Ask a proposer that looks back on a block for what it learned; `told` holds it. Returns why it could not be
        asked, "" if it was or if it does not look back.
        """
        self.told = Annotations()
        look_back = getattr(self.proposer, "review", None)
        if look_back is None:
            return ""
        try:
            look_back(self.context(state, (), number))
        except ProposerStop:
            raise
        except ProposerError as error:
            return str(error)
        self.told.take(self.proposer)
        return ""

    def _another_block(self, state: SweepState, count: int) -> bool:
        """Whether trials are left after the next `count` ones, in a search that has blocks."""
        return bool(self.settings.n_iter_block) and len(state.search) + count < self.settings.n_trials

    def propose(
        self, state: SweepState, slots: tuple[Slot, ...], number: int
    ) -> tuple[list[Proposal], list[Rejection]]:
        """One valid proposal per slot, in the slots' order, and every proposal that was refused on the way."""
        context = self.context(state, slots, number)
        round_ = _Round(context)
        self.told = Annotations()
        for proposer in self._line_of_proposers():
            self._try(proposer, round_)
            if not round_.open_slots:
                return [round_.accepted[slot.index] for slot in slots], round_.refused
        raise ProposerError(
            f"No proposer found a configuration that can run ({round_.failure or 'no answer'}). "
            "Look at the rejected entries of events.jsonl, and check the search space."
        )

    def _try(self, proposer: Proposer, round_: _Round) -> None:
        """Ask one proposer for the open slots, again with the reasons while it is refused, at most MAX_REPAIRS
        times.
        """
        feedback: list[str] = []
        for _ in range(1 + MAX_REPAIRS):
            asked = replace(
                round_.context,
                slots=round_.open_slots,
                feedback=tuple(feedback),
                rejected=round_.context.rejected
                | self._keys([r.proposal for r in round_.refused])
                | self._claimed(round_.accepted),
            )
            try:
                answers = slot_params.ask_by_lane(proposer, asked, self.told.take)
            except ProposerStop:
                raise
            except ProposerError as error:
                feedback = [str(error)]
                break
            feedback = self._check(answers, round_, proposer.name)
            if not round_.open_slots:
                return
        round_.failure = round_.failure or f"{proposer.name} failed: {' '.join(feedback)[:REASON_CHARACTERS]}"

    def _line_of_proposers(self) -> list[Proposer]:
        fallback: list[Proposer] = [RulesProposer(), RandomProposer()]
        return [self.proposer, *(p for p in fallback if p.name != self.proposer.name)]

    def _check(self, answers: list[Proposal], round_: _Round, name: str) -> list[str]:
        """Move valid answers to `accepted`, the others to `refused`; returns the sentences for the proposer."""
        feedback = []
        for answer in answers:
            provenance = answer.provenance if answer.provenance.source else Provenance(name)
            if round_.failure:
                provenance = replace(provenance, fallback_reason=round_.failure)
            proposal = replace(answer, provenance=provenance)
            reasons = self._reasons(round_.context, proposal, round_.accepted)
            if reasons:
                key = self._safe_key(proposal)
                round_.refused.append(Rejection(round_.context.block.index, key, proposal, tuple(reasons)))
                feedback += [f"Slot {proposal.slot}: {reason}" for reason in reasons]
            else:
                round_.accepted[proposal.slot] = reparent(proposal, round_.context.tree, self.settings.space)
        missing = {slot.index for slot in round_.open_slots} - {answer.slot for answer in answers}
        return feedback + [f"Slot {index} got no answer." for index in sorted(missing)]

    def _reasons(self, context: Context, proposal: Proposal, accepted: Mapping[int, Proposal]) -> list[str]:
        space = self.settings.space
        problems = space.validate(proposal.values)
        if problems:
            return problems
        violation = slot_params.problem(proposal, context.slots) or space.violation(proposal.values)
        if violation is not None:
            return [violation]
        if proposal.parent is not None and proposal.parent not in context.tree:
            return [f"parent={proposal.parent} is no finished or running trial of this block."]
        node = context.tree.find(proposal.values)
        if proposal.changes and node is not None:
            return [f"This configuration is node {node.id} already. Change something else, or rerun it without change."]
        if proposal.changes and space.key(proposal.values) in self._claimed(accepted):
            return ["Another slot of this batch already runs this configuration. Change something else."]
        return self._validate(proposal.values, context.block.values)

    def _claimed(self, accepted: Mapping[int, Proposal]) -> frozenset[str]:
        return self._keys([p for p in accepted.values() if p.changes])

    def _keys(self, proposals: list[Proposal]) -> frozenset[str]:
        return frozenset(self._safe_key(proposal) for proposal in proposals)

    def _safe_key(self, proposal: Proposal) -> str:
        if self.settings.space.validate(proposal.values):
            return ""
        return self.settings.space.key(proposal.values)
