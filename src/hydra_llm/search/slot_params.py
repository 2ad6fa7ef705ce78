"""Parameters that each slot keeps for itself, as a study of rollout lengths gives one length to each slot.

Such a parameter belongs to the configuration, but its slot decides it, not a proposer. Slots with equal values form a
group. A proposer that fills slots one by one is asked group by group, with the group's own tree and with the parameter
locked at its value, so it needs to know nothing of groups. A proposer that is asked once for all slots (a language
model) gets the whole tree and may branch across groups; the value of its slot is applied all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.statistics import progress
from hydra_llm.search.tree.draws import compared_by
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.trial import Proposal

REASON = "one value per slot"


def values_at(slot_params: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    """What the slot at this place keeps; with more places than values they repeat."""
    return {key: values[place % len(values)] for key, values in slot_params.items()}


def settle(
    roles: Sequence[Slot], slot_params: Mapping[str, Sequence[Any]], tree: Tree, n_parallel: int, asked: int
) -> tuple[Slot, ...]:
    """The slots with their own values. An empty group starts with the baseline; later its slots decide freely.

    Where there are fewer slots than values, the trials take the values in turn: `asked` counts those so far.
    """
    if not slot_params:
        return tuple(roles)
    in_turn = n_parallel < max(len(values) for values in slot_params.values())
    settled: list[Slot] = []
    for position, slot in enumerate(roles):
        own = values_at(slot_params, asked + position if in_turn else slot.index)
        empty = not any(_holds(node.values, own) for node in tree)
        first = not any(other.fixed == own for other in settled)
        role = slot.role if slot.role == "baseline" else "diverse" if empty else "free"
        settled.append(replace(slot, role="baseline" if empty and first else role, fixed=own))
    return tuple(settled)


def groups(context: Context) -> Iterator[Context]:
    """A context per group of slots with equal values, in the order of their first slots."""
    if not any(slot.fixed for slot in context.slots):
        yield context
        return
    waiting = list(context.slots)
    while waiting:
        own = waiting[0].fixed
        slots = tuple(slot for slot in waiting if slot.fixed == own)
        waiting = [slot for slot in waiting if slot.fixed != own]
        yield replace(group_of(context, own), slots=slots)


def group_of(context: Context, own: Mapping[str, Any]) -> Context:
    """The context as if the search had always been at these values: its space, tree, ranking and rates."""
    trials = [trial for trial in context.block_trials if _holds(trial.values, own)]
    tree = Tree(context.space, context.objective, trials, reward=context.tree.worth.kind, ceiling=context.ceiling)
    records = compared_by(context.fresh_seeds)(tree, trials, context.objective, context.ceiling)
    return replace(
        context,
        space=context.space.with_defaults(own).with_locks(own, REASON),
        tree=tree,
        at_hand=trials,
        compared=records,
        ranking=[(number, score) for number, score in context.ranking if number in tree],
        rates=progress.measure(trials, records, context.block.n_iter_block, context.recordings.noise_floor),
    )


def problem(proposal: Proposal, slots: Sequence[Slot]) -> str | None:
    """A sentence if a proposal leaves the values of its slot."""
    for slot in slots:
        if slot.index == proposal.slot and not _holds(proposal.values, slot.fixed):
            kept = ", ".join(f"{key}={value}" for key, value in slot.fixed.items())
            return f"Slot {slot.index} keeps {kept}. Leave these parameters out."
    return None


def _holds(values: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    return all(values.get(key) == value for key, value in own.items())
