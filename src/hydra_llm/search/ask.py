"""From roles to valid proposals: ask the proposer, check every answer, fall back to the rules and then to chance.

A refusal is never silent: each is returned for the log, and the provenance of what runs in the end names both who
failed and who stepped in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hydra_llm.search.annotations import Annotations
from hydra_llm.search.blocks import present_block
from hydra_llm.search.context import Block, Context, Slot
from hydra_llm.search.context_builder import briefing
from hydra_llm.search.enqueued import enqueued_runs
from hydra_llm.search.inheritance import heritage, inherited_run
from hydra_llm.search.log.events import Rejection
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.promised_runs import promised_runs
from hydra_llm.search.proposers.base import Proposer, ProposerError, ProposerStop, ask, demanded
from hydra_llm.search.proposers.check import check, claimed
from hydra_llm.search.proposers.decision import Decision, Refusal
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.reparent import reparent
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.records.ucb_scores import ucb_table
from hydra_llm.search.selection.base import SelectionPolicy, rank
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.search.statistics import progress
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.seeds import derive
from hydra_llm.search.trial.tradeoff import drawn_weights
from hydra_llm.search.trial.trial import Proposal

log = logging.getLogger(__name__)

Validate = Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]  # (values, block values) -> sentences
TRIES = 4  # of a proposer whose proposals are refused
REASON_CHARACTERS = 200  # of a failure, as kept in the provenance
TABLE_ROWS = 64  # of the selection table that proposers see: the head is what matters, and a decision stays cheap


@dataclass(frozen=True)
class Filled:
    """A batch: a proposal for each slot that could be filled, in the slots' order, every proposal that was refused on
    the way, and what was written beside them. Without a proposal `failure` says why, and `stopped` whether a proposer
    demanded it, or the constraint failed.
    """

    proposals: list[Proposal]
    rejections: list[Rejection]
    annotations: Annotations
    failure: str = ""
    stopped: bool = False


@dataclass
class _Round:
    """One batch in the making: which slots are filled, what was refused, and the first proposer's failure, if any."""

    context: Context
    accepted: dict[int, Proposal] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    annotations: Annotations = field(default_factory=Annotations)
    failure: str = ""

    @property
    def open_slots(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.context.slots if slot.index not in self.accepted)

    def question(self, feedback: tuple[str, ...]) -> Context:
        """The context for what is still open, with everything that is already taken."""
        keys = {_safe_key(self.context, refusal.proposal) for refusal in self.refused}
        keys |= claimed(self.context, self.accepted.values())
        rejected = self.context.rejected | keys
        return replace(self.context, slots=self.open_slots, feedback=feedback, rejected=rejected)

    def note(self, decision: Decision, by: str) -> None:
        """Keep what a decision says beside its proposals."""
        self.annotations = self.annotations.joined(decision, by)
        self.refused += decision.refused

    def take(self, decision: Decision, by: str) -> tuple[str, ...]:
        """Sort proposals into accepted and refused; returns sentences on what is wrong, for the proposer."""
        self.note(decision, by)
        feedback: list[str] = []
        for answer in decision.proposals:
            proposal = self._attributed(answer, by)
            here = replace(self.context, slots=self.open_slots)
            reasons = check(here, proposal, self.accepted.values())
            if reasons:
                self.refused.append(Refusal(proposal, tuple(reasons)))
                feedback += [f"Slot {proposal.slot}: {reason}" for reason in reasons]
            else:
                self.accepted[proposal.slot] = reparent(proposal, here.tree, here.space)
        unanswered = {slot.index for slot in self.open_slots} - {answer.slot for answer in decision.proposals}
        return (*feedback, *(f"Slot {index} got no answer." for index in sorted(unanswered)))

    @property
    def rejections(self) -> list[Rejection]:
        block = self.context.block.index
        return [Rejection(block, _safe_key(self.context, r.proposal), r.proposal, r.reasons) for r in self.refused]

    def _attributed(self, proposal: Proposal, by: str) -> Proposal:
        who = proposal.provenance if proposal.provenance.source else Provenance(by)
        return replace(proposal, provenance=replace(who, fallback_reason=self.failure) if self.failure else who)


def fill(context: Context, proposer: Proposer) -> Filled:
    """The slots of the context, by the proposer or by the rules or by chance; fewer where no other configuration can
    run, none where a proposer demands a stop or the constraint fails.
    """
    round_ = _Round(context)
    line = [proposer, *(p for p in (RulesProposer(), RandomProposer()) if p.name != proposer.name)]
    try:
        for asked in line:
            _try(asked, round_)
            if not round_.open_slots:
                break
    except ProposerStop as stop:
        round_.note(stop.decision, asked.name)
        return Filled([], round_.rejections, round_.annotations, str(stop), stopped=True)
    except ConstraintError as error:
        return Filled([], round_.rejections, round_.annotations, str(error), stopped=True)
    proposals = [round_.accepted[slot.index] for slot in context.slots if slot.index in round_.accepted]
    failure = "" if proposals else f"No proposer found a configuration that can run ({round_.failure or 'no answer'})"
    return Filled(proposals, round_.rejections, round_.annotations, failure)


def _try(proposer: Proposer, round_: _Round) -> None:
    """Ask one proposer for the open slots; again, with the reasons, unless it has repaired its answer itself."""
    feedback: tuple[str, ...] = ()
    failed = ""
    for _ in range(1 if proposer.asked_once else TRIES):
        decision = ask(proposer, round_.question(feedback))
        feedback, failed = round_.take(decision, proposer.name), decision.failed
        if not round_.open_slots:
            return
        if failed:
            break
    reason = one_line(failed or " ".join(feedback), REASON_CHARACTERS)
    indices = ", ".join(str(slot.index) for slot in round_.open_slots)
    log.warning("%s leaves slot %s open: %s", proposer.name, indices, reason)
    round_.failure = round_.failure or f"{proposer.name} failed: {reason}"


class ProposalLoop:
    def __init__(self, settings: Settings, policy: SelectionPolicy, proposer: Proposer, validate: Validate) -> None:
        self.settings = settings
        self.policy = policy
        self.proposer = proposer
        self._validate = validate

    def ranking(self, state: SweepState, number: int) -> list[tuple[int, float]]:
        if not len(state.tree):
            return []
        rng = np.random.default_rng([self.settings.seed, number])
        arms = state.tree.believed_arms() if self.policy.believes else state.tree.arms()
        return rank(self.policy, arms, rng)

    def context(self, state: SweepState, slots: tuple[Slot, ...], number: int) -> Context:
        """Everything a proposer may read at this moment. With several objectives weights are drawn for this decision,
        so that each seeks another part of the front, unless the proposer stays with one question.
        """
        several = self.settings.objectives
        if several is None or not state.front:
            return self._context(state, slots, number)
        rng = np.random.default_rng(derive(self.settings.seed, "weights", number))
        weights = drawn_weights(len(several.names), rng)

        def drawn() -> Context:
            return replace(self._context(state.weighed(weights), slots, number), weights=tuple(map(float, weights)))

        return replace(self._context(state, slots, number), drawn=drawn) if self.proposer.weighs_alike else drawn()

    def _context(self, state: SweepState, slots: tuple[Slot, ...], number: int) -> Context:
        tree, block = state.tree, present_block(state, self.settings)
        ranking = self.ranking(state, number)
        floor = tree.noise_floor
        trials = state.block_trials(block.index)
        records = state.recordings(block.index)
        return Context(
            space=self.settings.space,
            objective=self.settings.objective,
            tree=tree,
            trials=tuple(state.trials.values()),
            at_hand=trials,
            compared=records,
            earlier=state.search[state.earlier] if state.earlier < len(state.search) else number,
            slots=slots,
            ranking=ranking,
            block=block,
            heritage=heritage(state),
            objectives=self.settings.objectives,
            front=state.front,
            next_number=number,
            n_trials=self.settings.n_trials,
            left=min(self.settings.block_size - len(trials), self.settings.n_trials - state.used),
            seed=self.settings.seed,
            thresholds=self.settings.thresholds,
            rates=progress.measure(trials, records, self.settings.nominal_block, records.noise_floor),
            noise_floor=floor,
            focus=self.settings.focus,
            seed_keys=self.settings.seed_keys,
            fresh_seeds=self.settings.fresh_seeds,
            rejected=frozenset(r.key for r in state.rejections if r.block == block.index),
            validate=self._remembered(block),
            ucb_table=ucb_table(state, ranking[:TABLE_ROWS], self.settings, self.policy),
            protocol=state.protocol,
            block_space=self.settings.block_space if self._another_block(state, len(slots)) else None,
            tested_regimes=tuple(record.values for record in state.blocks),
            task=self.settings.task,
            description=self.settings.description,
            told=self.settings.told,
            show=self.settings.show,
            ceiling=self.settings.ceiling,
            meaning=self.settings.meaning,
            seeds_move=self.settings.seeds_move,
            fixed=tuple(self.settings.identity.get("fixed", ())),
            budget=tuple(self.settings.identity.get("trial_overrides", ())),
            **(briefing(state, self.settings, review=not slots) if self.proposer.reads_notes else {}),
        )

    def prepare(self, asked: int, left: int) -> Decision | None:
        """As Proposer.prepare."""
        with demanded(self.proposer):
            return self.proposer.prepare(asked, left)

    def review(self, state: SweepState, number: int) -> Decision | None:
        """The proposer's review of the block that ended, None if it does not review."""
        try:
            with demanded(self.proposer):
                return self.proposer.review(self.context(state, (), number))
        except ProposerStop:
            raise
        except ProposerError as error:
            return Decision(failed=str(error))

    def _another_block(self, state: SweepState, count: int) -> bool:
        """Whether trials are left after the next `count` ones, in a search that has blocks."""
        return bool(self.settings.n_iter_block) and state.used + count < self.settings.n_trials

    def propose(
        self, state: SweepState, slots: tuple[Slot, ...], number: int, taken: Sequence[Proposal] = ()
    ) -> Filled:
        """As `fill`, after proposals that are `taken` already, runs that earlier ones promised, an earlier
        block's leader, and what is enqueued.
        """
        context = self.context(state, slots, number)
        due = {proposal.slot: proposal for proposal in taken}
        open_slots = tuple(slot for slot in slots if slot.index not in due)
        due |= {proposal.slot: proposal for proposal in promised_runs(replace(context, slots=open_slots))}
        left = replace(context, slots=tuple(slot for slot in slots if slot.index not in due))
        if (start := inherited_run(left)) is not None:
            due[start.slot] = start
        left = replace(context, slots=tuple(slot for slot in slots if slot.index not in due))
        due |= {proposal.slot: proposal for proposal in enqueued_runs(left, self.settings.enqueue)}
        rest = tuple(slot for slot in slots if slot.index not in due)
        if not due:
            return fill(context, self.proposer)
        found = fill(replace(context, slots=rest), self.proposer) if rest else Filled([], [], Annotations())
        filled = due | {proposal.slot: proposal for proposal in found.proposals}
        return replace(found, proposals=[filled[slot.index] for slot in slots if slot.index in filled])

    def _remembered(self, block: Block) -> Callable[[Mapping[str, Any]], list[str]]:
        """Whether a configuration composes in this block, composed once per decision however often it is asked."""
        known: dict[str, list[str]] = {}

        def validate(values: Mapping[str, Any]) -> list[str]:
            key = self.settings.space.key(values)
            if key not in known:
                known[key] = self._validate(values, block.values)
            return known[key]

        return validate


def _safe_key(context: Context, proposal: Proposal) -> str:
    """The key of a configuration, "" for values that the space does not hold."""
    return "" if context.space.validate(proposal.values) else context.space.key(proposal.values)
