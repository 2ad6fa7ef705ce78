"""From a model's answer to proposals, or to sentences that say why not.

Each slot is judged by itself, so that one wrong slot does not cost the others. Nothing of an answer gets further than
this file unless it was looked up: keys among the declared parameters, parents among the finished trials, values in
their declared ranges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.check import misplaced, unknown_parent, unrunnable
from hydra_llm.search.proposers.decision import Refusal
from hydra_llm.search.proposers.llm.answer import Hypothesis, LlmAnswer, Mutation, SlotAnswer
from hydra_llm.search.proposers.llm.nearby import near_duplicate
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.quotation import named
from hydra_llm.search.space.dimension import canonical_number
from hydra_llm.search.space.space import Values
from hydra_llm.search.trial.trial import Prediction, Proposal

SOURCE = "llm"
RECOMBINE = "recombine"  # the one strategy that may move several parameters
RERUN_STRATEGIES = ("robustness-test", "robustness-check", "replicate")
PAIR = 2  # parameters that one proposal may move with a stated interaction
PAIR_SHARE = 0.25  # of the trials of a block that may
MAX_INTEGER = 2**53  # beyond it a float no longer tells integers apart
_STRATEGY = re.compile(r"[a-z0-9][a-z0-9+/_-]{0,39}")
_FORBIDDEN = ("${", "_target_")


class InvalidProposal(ValueError):
    """A slot's answer that cannot be taken; the message is the sentence for the model."""


@dataclass
class CheckedAnswer:
    """Proposals by slot, what was wrong with the others, and those that nothing but their configuration stops."""

    proposals: dict[int, Proposal] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def check_slots(
    answer: LlmAnswer,
    context: Context,
    open_slots: Sequence[Slot],
    accepted: Sequence[Proposal],
    max_mutations: int,
) -> CheckedAnswer:
    """Judge an answer for the slots that are still open; `accepted` are this batch's proposals so far."""
    checked = CheckedAnswer()
    given = {entry.slot: entry for entry in answer.slots}
    wanted = {slot.index for slot in open_slots}  # others are settled, or were never asked for: passed over
    if wanted and len(given) < len(answer.slots):
        checked.problems.append("A slot was answered twice. Give one proposal per slot.")
    for slot in open_slots:
        if slot.index not in given:
            checked.problems.append(f"Slot {slot.index} ({slot.role}) has no proposal. Give one.")
            continue
        try:
            proposal = _proposal(given[slot.index], slot, context, max_mutations)
        except InvalidProposal as wrong:
            checked.problems.append(f"Slot {slot.index}: {wrong}")
            continue
        batch = [*accepted, *checked.proposals.values()]
        reasons = misplaced(context, proposal, batch)
        if not reasons and (near := near_duplicate(context, proposal.values, batch)):
            reasons = [near]
        if not reasons and (reasons := unrunnable(context, proposal)):
            checked.refused.append(Refusal(proposal, tuple(reasons)))
        if reasons:
            checked.problems += [f"Slot {slot.index}: {reason}" for reason in reasons]
        else:
            checked.proposals[slot.index] = proposal
    return checked


def _proposal(given: SlotAnswer, slot: Slot, context: Context, max_mutations: int) -> Proposal:
    strategy = given.strategy.strip().lower().replace(" ", "-")
    if not _STRATEGY.fullmatch(strategy):
        raise InvalidProposal(f"strategy={_quote(given.strategy)} is no name. Use a word of the strategy table.")
    parent, start = _start(given, slot, context)
    moved = _moved(given.mutations, start, slot, context)
    note = one_line(given.reason)
    hypothesis = _hypothesis(given.hypothesis, context.objective.name)
    principle = _principle(given, slot, context)
    if principle:
        note = f'principle: "{principle}" {note}'.strip()
    values = context.space.canonical({**start, **moved, **slot.fixed})
    if given.candidate is None:
        note = _checked_move(given, strategy, slot, context, _Move(parent, start, moved, values), max_mutations, note)
    else:
        _check_candidate(moved, max_mutations)
        note = f"candidate {given.candidate} of the pool{', changed' if moved else ''}. {note}".strip()
    proposal = mutate(context, slot, parent, values, strategy=strategy, source=SOURCE, hypothesis=hypothesis, note=note)
    recordings = _recordings(given.recordings, values, context)
    # with several objectives the metric is a distance to a point that moves: an interval of it is not judged
    prediction = _prediction(given.hypothesis) if context.objectives is None else None
    return replace(proposal, prediction=prediction, principle=principle, recordings=recordings)


@dataclass(frozen=True)
class _Move:
    """From the values `start` of a parent to `values`, by what is `moved`."""

    parent: int | None
    start: Values
    moved: Values
    values: Values


def _checked_move(
    given: SlotAnswer, strategy: str, slot: Slot, context: Context, move: _Move, max_mutations: int, note: str
) -> str:
    """The note, with what kind of move it is. Raises InvalidProposal for one that may not be made."""
    crosses = any(move.start.get(key) != value for key, value in slot.fixed.items())
    if move.parent is not None and not move.moved and not crosses:
        _check_rerun(strategy, slot, context)
        return f"robustness re-run of node {move.parent}. {note}".strip()
    if move.moved or not crosses:
        interaction = one_line(given.interaction or "")
        _check_count(move.moved, strategy, move.parent, context, max_mutations, interaction)
        note = f"interaction: {interaction} {note}".strip() if interaction and len(move.moved) > 1 else note
    if move.parent is not None and not context.space.changed(move.start, move.values):
        raise InvalidProposal(
            "the mutation moves a parameter that has no effect under the other values. Move another one."
        )
    return note


def _start(given: SlotAnswer, slot: Slot, context: Context) -> tuple[int | None, Values]:
    """The parent, and the values that the mutations start from: the parent's, or those of a candidate of the pool."""
    if given.candidate is None:
        parent = _parent(given, context)
        return parent, context.tree.node(parent).values if parent is not None else context.space.baseline()
    if not 1 <= given.candidate <= len(context.pool):
        known = f"from 1 to {len(context.pool)}" if context.pool else "none yet"
        raise InvalidProposal(
            f"candidate={given.candidate} is not in the question; there are {known}. Name one, or null and a parent."
        )
    chosen = context.pool[given.candidate - 1]
    if not chosen.fits(slot.fixed):
        raise InvalidProposal(
            f"candidate {given.candidate} has other values than this slot keeps. Take one that is listed for it."
        )
    return chosen.parent, chosen.values


def _check_candidate(moved: Values, max_mutations: int) -> None:
    if len(moved) > max_mutations:
        raise InvalidProposal(
            f"{len(moved)} parameters of the candidate are moved; at most {max_mutations} may be. Take it as it is, "
            "change less, or branch from a trial."
        )


def _parent(given: SlotAnswer, context: Context) -> int | None:
    if len(context.tree) == 0:
        if given.parent is not None:
            raise InvalidProposal(f"parent={given.parent} does not exist yet; nothing was run in this block. Use null.")
        return None
    if given.parent is None:
        raise InvalidProposal("parent is null, but this block has a tree. Name the trial to branch from.")
    if problem := unknown_parent(context, given.parent):
        raise InvalidProposal(problem)
    node = context.tree.node(given.parent)
    if node.runs == 0:
        raise InvalidProposal(f"parent={given.parent} has no result yet. Branch from a finished trial.")
    return node.id


def _moved(mutations: Sequence[Mutation], start: dict[str, Any], slot: Slot, context: Context) -> dict[str, Any]:
    """The mutations as canonical values; a mutation that changes nothing is an error."""
    moved: dict[str, Any] = {}
    for mutation in mutations:
        key, value = mutation.key, mutation.value
        if key in moved:
            raise InvalidProposal(f"{_quote(key)} is mutated twice. Give each parameter one value.")
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise InvalidProposal(
                f"{_quote(key)} is given {_quote(value)}, which no parameter holds. Choose a value in its range."
            )
        if any(word in str(part) for part in (key, value) for word in _FORBIDDEN):
            raise InvalidProposal(
                f"{_quote(key)}={_quote(value)} is no plain value; interpolations and targets are refused."
            )
        problems = context.space.validate({key: value})
        if problems:
            raise InvalidProposal(" ".join(problems))
        if key in context.space.locked:
            raise InvalidProposal(f"{key} is locked ({context.space.locked[key]}). Leave it out.")
        if key in context.space.by_slot:
            kept = f" ({_quote(slot.fixed[key])} here)" if key in slot.fixed else ""
            raise InvalidProposal(f"{key} is kept by the slot{kept} and moved by nobody. Leave it out.")
        canonical = context.space[key].canonical(value)
        if key in start and canonical == start[key]:
            raise InvalidProposal(
                f"{key} is {_quote(value)} in the parent already. Choose another value or another parameter."
            )
        moved[key] = canonical
    return moved


def _check_count(
    moved: dict[str, Any], strategy: str, parent: int | None, context: Context, max_mutations: int, interaction: str
) -> None:
    if not moved:
        raise InvalidProposal("there is no mutation. Move at least one parameter of the baseline.")
    if parent is None or len(moved) <= max_mutations:
        return  # a first batch may spread over the space
    if len(moved) == PAIR and interaction:
        used, allowed = pairs_run(context), pairs_allowed(context)
        if used >= allowed:
            raise InvalidProposal(
                f"{used} trials of this block moved two parameters already, a quarter of its trials is {allowed}. "
                f"Move one, or join values that were run, under the strategy {RECOMBINE}."
            )
        return
    if strategy != RECOMBINE:
        if copied := _candidate_of(moved, parent, context):
            raise InvalidProposal(
                f"{len(moved)} parameters are moved, those of candidate {copied}. To take it, give candidate={copied} "
                "and no mutations."
            )
        raise InvalidProposal(
            f"{len(moved)} parameters are moved ({', '.join(moved)}); at most {max_mutations} may be, so that an "
            "effect has one cause. Two are allowed with a stated `interaction`, several only under the strategy "
            f"{RECOMBINE}."
        )
    for key, value in moved.items():
        if not any(node.values.get(key) == value for node in context.tree.scored()):
            raise InvalidProposal(
                f"{RECOMBINE} joins values of nodes that were run; no scored node has {key}={_quote(value)}."
            )


def _candidate_of(moved: Values, parent: int, context: Context) -> int | None:
    """The number of the candidate of the pool that differs from the parent by the same values of the same parameters,
    whichever node it lies nearest to; else of one that is nearest to this parent and moves the same parameters.
    """
    node = context.tree.node(parent)
    alike: list[int] = []
    for number, one in enumerate(context.pool, start=1):
        if set(context.space.changed(node.values, one.values)) != set(moved):
            continue
        if all(_about(one.values[name], value) for name, value in moved.items()):
            return number
        if one.parent is not None and context.tree.node(one.parent) is node:
            alike.append(number)
    return alike[0] if alike else None


def _about(one: Any, other: Any) -> bool:
    """Equal as a table shows them."""
    number, shown = canonical_number(one), canonical_number(other)
    return one == other if number is None or shown is None else math.isclose(number, shown, rel_tol=0.01)


def pairs_allowed(context: Context) -> int:
    """How many trials of a block may move two parameters by a stated interaction."""
    return max(1, round(PAIR_SHARE * (context.block.n_iter_block or context.n_trials)))


def pairs_run(context: Context) -> int:
    """How many did, recombinations aside."""
    return sum(
        len(trial.proposal.changes) == PAIR and trial.proposal.strategy != RECOMBINE for trial in context.block_trials
    )


def _recordings(given: Sequence[int], values: dict[str, Any], context: Context) -> tuple[int, ...]:
    """The named recordings, as far as the configuration was not run on them. Raises InvalidProposal."""
    if not given:
        return ()
    if not context.seed_keys or context.fresh_seeds:
        why = "every run draws its own seeds" if context.fresh_seeds else "this search varies no seed"
        raise InvalidProposal(f"recordings cannot be named, because {why}. Send an empty list.")
    known = len(context.recordings.all)
    wrong = [number for number in given if not 1 <= number <= known + 1]
    if wrong or len(set(given)) < len(given):
        raise InvalidProposal(
            f"recordings={list(given)} is no choice. Name different numbers from 1 to {known + 1}"
            f"{f' ({known + 1} is a new one)' if known else ''}."
        )
    node = context.tree.find(values)
    ran = {context.recordings.of(number) for number in node.trials} if node is not None else set()
    left = tuple(number for number in given if number not in ran)
    if not left:
        raise InvalidProposal(
            f"recordings={list(given)}: this configuration ran there already, and would give the same numbers. "
            f"Name another one, such as {known + 1}."
        )
    return left


def _check_rerun(strategy: str, slot: Slot, context: Context) -> None:
    if slot.role != "replicate" and strategy not in RERUN_STRATEGIES:
        raise InvalidProposal(
            "there is no mutation. A rerun without change needs a replicate slot or the strategy robustness-test."
        )
    if not context.seed_keys:
        raise InvalidProposal(
            "a rerun would repeat the same numbers, because this search varies no seed. Propose a mutation."
        )


def _hypothesis(given: Hypothesis, metric: str) -> str:
    """The hypothesis as one line, its prediction included."""
    statement, refutation = one_line(given.statement), one_line(given.refuted_if)
    if not statement:
        raise InvalidProposal("the hypothesis is empty. State what the trial should show.")
    if not refutation:
        raise InvalidProposal("refuted_if is empty. Say which result would refute the hypothesis.")
    if not (math.isfinite(given.low) and math.isfinite(given.high)) or given.low > given.high:
        raise InvalidProposal(f"the predicted interval {given.low:g}..{given.high:g} is none. Give low <= high.")
    return f"{statement} [predicted {metric} {given.low:g}..{given.high:g}; refuted if {refutation}]"


def _prediction(given: Hypothesis) -> Prediction:
    return Prediction(given.low, given.high, one_line(given.statement), one_line(given.refuted_if))


def _principle(given: SlotAnswer, slot: Slot, context: Context) -> str:
    """What a principle-test tries to break, "" for any other role."""
    if slot.role != "principle-test":
        return ""
    principle = one_line(given.principle or "")
    if not principle:
        raise InvalidProposal("a principle-test quotes the principle that it tries to break; `principle` is empty.")
    if context.principles and named(principle, context.principles) is None:
        names = ", ".join(f"{name}: {one_line(text, 80)}" for name, text in context.principles.items())
        raise InvalidProposal(f"a principle-test quotes an established principle or gives its name. There are {names}.")
    return principle


def _quote(value: Any) -> str:
    return one_line(repr(value), 80)
