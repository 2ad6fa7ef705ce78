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
from hydra_llm.search.proposers.llm.answer import Hypothesis, LlmAnswer, Mutation, SlotAnswer
from hydra_llm.search.quotation import named
from hydra_llm.search.trial.trial import Prediction, Proposal

SOURCE = "llm"
RECOMBINE = "recombine"  # the one strategy that may move several parameters
RERUN_STRATEGIES = ("robustness-test", "robustness-check", "replicate")
MAX_INTEGER = 2**53  # beyond it a float no longer tells integers apart
MAX_TEXT = 400  # characters kept of a hypothesis or a reason
_STRATEGY = re.compile(r"[a-z0-9][a-z0-9+/_-]{0,39}")
_FORBIDDEN = ("${", "_target_")


class InvalidProposal(ValueError):
    """A slot's answer that cannot be taken; the message is the sentence for the model."""


@dataclass
class CheckedAnswer:
    """Proposals by slot, and what was wrong with the others."""

    proposals: dict[int, Proposal] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


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
    wanted = {slot.index for slot in open_slots}
    for stray in sorted(set(given) - wanted):
        checked.problems.append(f"Slot {stray} was not asked for. Answer slots {_listing(wanted)} only.")
    if len(given) < len(answer.slots):
        checked.problems.append("A slot was answered twice. Give one proposal per slot.")
    taken = {context.space.key(proposal.values) for proposal in accepted if proposal.changes or proposal.parent is None}
    for slot in open_slots:
        if slot.index not in given:
            checked.problems.append(f"Slot {slot.index} ({slot.role}) has no proposal. Give one.")
            continue
        try:
            proposal = _proposal(given[slot.index], slot, context, taken, max_mutations)
        except InvalidProposal as wrong:
            checked.problems.append(f"Slot {slot.index}: {wrong}")
            continue
        if proposal.changes or proposal.parent is None:
            taken.add(context.space.key(proposal.values))
        checked.proposals[slot.index] = replace(
            proposal,
            prediction=_prediction(given[slot.index].hypothesis),
            principle=_principle(given[slot.index], slot),
        )
    return checked


def ends_block(context: Context) -> bool:
    """Whether this is the question at a block's end, when its results are in: the one that may revise the protocol."""
    return context.is_review


def _proposal(given: SlotAnswer, slot: Slot, context: Context, taken: set[str], max_mutations: int) -> Proposal:
    strategy = given.strategy.strip().lower().replace(" ", "-")
    if not _STRATEGY.fullmatch(strategy):
        raise InvalidProposal(f"strategy={_quote(given.strategy)} is no name. Use a word of the strategy table.")
    parent = _parent(given, context)
    start = context.tree.node(parent).values if parent is not None else context.space.baseline()
    moved = _moved(given.mutations, start, slot, context)
    note = one_line(given.reason)
    hypothesis = _hypothesis(given.hypothesis, context.objective.name)
    if slot.role == "principle-test":
        principle = one_line(given.principle or "")
        if not principle:
            raise InvalidProposal("a principle-test quotes the principle that it tries to break; `principle` is empty.")
        if context.principles and named(principle, context.principles) is None:
            names = ", ".join(f"{name}: {one_line(text, 80)}" for name, text in context.principles.items())
            raise InvalidProposal(
                f"a principle-test quotes an established principle or gives its name. There are {names}."
            )
        note = f'principle: "{principle}" {note}'.strip()
    crosses = any(start.get(key) != value for key, value in slot.fixed.items())
    if parent is not None and not moved and not crosses:
        return _rerun(given, slot, context, parent, strategy, hypothesis, note)
    if moved or not crosses:
        _check_count(moved, strategy, parent, slot, context, max_mutations)
    values = context.space.canonical({**start, **moved, **slot.fixed})
    if parent is not None and not context.space.changed(start, values):
        raise InvalidProposal(
            "the mutation moves a parameter that has no effect under the other values. Move another one."
        )
    key = context.space.key(values)
    if key in taken:
        raise InvalidProposal(
            "this configuration is already proposed in another slot of this batch. Propose another one."
        )
    if key in context.rejected:
        raise InvalidProposal("this configuration was refused when it was composed. Propose another one.")
    node = context.tree.find(values)
    if node is not None:
        raise InvalidProposal(
            f"this configuration was already run as trial {node.id} ({_outcome(node.mean, context)}). "
            "Propose another one; to measure its spread, use a replicate slot."
        )
    return mutate(context, slot, parent, values, strategy=strategy, source=SOURCE, hypothesis=hypothesis, note=note)


def _parent(given: SlotAnswer, context: Context) -> int | None:
    if len(context.tree) == 0:
        if given.parent is not None:
            raise InvalidProposal(f"parent={given.parent} does not exist yet; nothing was run in this block. Use null.")
        return None
    if given.parent is None:
        raise InvalidProposal("parent is null, but this block has a tree. Name the trial to branch from.")
    if given.parent not in context.tree:
        if given.parent >= context.next_number:
            raise InvalidProposal(
                f"parent={given.parent} is not run yet. A proposal never branches from one of its own batch."
            )
        if any(trial.number == given.parent for trial in context.trials):
            raise InvalidProposal(f"parent={given.parent} belongs to another block. Choose {_known(context)}.")
        raise InvalidProposal(f"parent={given.parent} does not exist. Choose {_known(context)}.")
    node = context.tree.node(given.parent)
    if node.runs == 0:
        raise InvalidProposal(f"parent={given.parent} has no result yet. Branch from a finished trial.")
    return node.id


def _known(context: Context) -> str:
    finished = [node.id for node in context.tree if node.runs > 0]
    return f"one of {_listing(finished)}" if finished else "null"


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
    moved: dict[str, Any], strategy: str, parent: int | None, slot: Slot, context: Context, max_mutations: int
) -> None:
    if not moved:
        raise InvalidProposal("there is no mutation. Move at least one parameter of the baseline.")
    if parent is None or len(moved) <= max_mutations:
        return  # a first batch may spread over the space
    if strategy != RECOMBINE:
        raise InvalidProposal(
            f"{len(moved)} parameters are moved ({', '.join(moved)}); at most {max_mutations} may be, so that an "
            f"effect has one cause. Several are allowed only under the strategy {RECOMBINE}."
        )
    for key, value in moved.items():
        if not any(node.values.get(key) == value for node in context.tree.scored()):
            raise InvalidProposal(
                f"{RECOMBINE} joins values of nodes that were run; no scored node has {key}={_quote(value)}."
            )


def _rerun(
    given: SlotAnswer, slot: Slot, context: Context, parent: int, strategy: str, hypothesis: str, note: str
) -> Proposal:
    if slot.role != "replicate" and strategy not in RERUN_STRATEGIES:
        raise InvalidProposal(
            "there is no mutation. A rerun without change needs a replicate slot or the strategy robustness-test."
        )
    if not context.seed_keys:
        raise InvalidProposal(
            "a rerun would repeat the same numbers, because this search varies no seed. Propose a mutation."
        )
    node = context.tree.node(parent)
    return mutate(
        context,
        slot,
        parent,
        node.values,
        strategy=strategy,
        source=SOURCE,
        hypothesis=hypothesis,
        note=f"robustness re-run of node {node.id}. {note}".strip(),
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


def _principle(given: SlotAnswer, slot: Slot) -> str:
    return one_line(given.principle or "") if slot.role == "principle-test" else ""


def one_line(text: str, limit: int = MAX_TEXT) -> str:
    """Text of a model for a log line: printable, on one line, of bounded length."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    plain = " ".join(printable.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _outcome(mean: float | None, context: Context) -> str:
    if mean is None:
        return "no score"
    return f"{context.objective.name} {context.objective.value_of_score(mean):.4g}"


def _quote(value: Any) -> str:
    return one_line(repr(value), 80)


def _listing(numbers: Sequence[int] | set[int]) -> str:
    ordered = sorted(numbers)
    shown = ", ".join(str(number) for number in ordered[-20:])
    return f"...{shown}" if len(ordered) > 20 else shown
