"""Whether a proposal may run: the one place that says no, whoever proposed it."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_llm.search import slot_params
from hydra_llm.search.context import Context
from hydra_llm.search.trial.trial import Proposal


def check(context: Context, proposal: Proposal, accepted: Iterable[Proposal] = ()) -> list[str]:
    """Sentences on what is wrong, [] if it may run; `accepted` are the proposals of this batch so far."""
    return misplaced(context, proposal, accepted) or unrunnable(context, proposal)


def misplaced(context: Context, proposal: Proposal, accepted: Iterable[Proposal]) -> list[str]:
    """What is wrong with its place in the search: slot, parent, values, and whether anybody has run it before."""
    if proposal.slot not in {slot.index for slot in context.slots}:
        return [f"Slot {proposal.slot} was not asked for."]
    problems = context.space.validate(proposal.values)
    if problems:
        return problems
    if proposal.parent is not None and (problem := unknown_parent(context, proposal.parent)):
        return [problem]
    if not is_new(proposal):
        return []
    key = context.space.key(proposal.values)
    if key in claimed(context, accepted):
        return ["This configuration is already proposed in another slot of this batch. Propose another one."]
    if key in context.rejected:
        return ["This configuration was refused when it was composed. Propose another one."]
    node = context.tree.find(proposal.values)
    if node is not None:
        shown = "no score" if node.mean is None else f"{context.objective.value_of_score(node.mean):.4g}"
        return [
            f"This configuration was already run as trial {node.id} ({context.objective.name} {shown}). "
            "Propose another one; to measure its spread, rerun it without change."
        ]
    return []


def unrunnable(context: Context, proposal: Proposal) -> list[str]:
    """What is wrong with the configuration itself: the values of its slot, the constraint, whether it composes."""
    problem = slot_params.problem(proposal, context.slots) or context.space.violation(proposal.values)
    return [problem] if problem else context.validate(proposal.values)


def unknown_parent(context: Context, parent: int) -> str:
    """Why this trial can be no parent here, "" if it can."""
    if parent in context.tree:
        return ""
    if parent >= context.next_number:
        return f"parent={parent} is not run yet. A proposal never branches from one of its own batch."
    if any(trial.number == parent for trial in context.trials):
        return f"parent={parent} belongs to another block. Choose {_known(context)}."
    return f"parent={parent} does not exist. Choose {_known(context)}."


def is_new(proposal: Proposal) -> bool:
    """Whether it claims a configuration of its own; reruns and baselines may fill several slots."""
    return bool(proposal.changes) or (proposal.parent is None and proposal.role != "baseline")


def claimed(context: Context, accepted: Iterable[Proposal]) -> frozenset[str]:
    """Keys of the configurations that no other slot of the batch may run."""
    return frozenset(context.space.key(p.values) for p in accepted if p.changes or p.parent is None)


def listing(numbers: Iterable[int]) -> str:
    """The last twenty, in order."""
    ordered = sorted(numbers)
    shown = ", ".join(str(number) for number in ordered[-20:])
    return f"...{shown}" if len(ordered) > 20 else shown


def _known(context: Context) -> str:
    finished = [node.id for node in context.tree if node.runs > 0]
    return f"one of {listing(finished)}" if finished else "null"
