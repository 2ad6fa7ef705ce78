"""What a block takes over from the blocks before it: their leader, and in the same regime all that is known of it.

A block that goes on in a regime starts from the leader, on a recording that it has not seen; the baseline is known and
is not run on equal seeds again. After a change of regime the baseline of the new one comes first, and the leader
second: what was best elsewhere is a good guess, and only the baseline tells what it is worth.
"""

from __future__ import annotations

from hydra_llm.search.context import Context, Heritage, Slot
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.trial.trial import Proposal

INHERIT = "inherit"
SOURCE = "rules"


def heritage(state: SweepState) -> Heritage | None:
    """Of the present block; None for the first one, and where no earlier block has a score."""
    index = state.blocks[-1].index
    same = state.same_regime(index)
    for block in reversed(same or range(1, index)):
        node = state.trees[block].best()
        if node is not None:
            runs = sum(trial.value is not None for earlier in same for trial in state.block_trials(earlier))
            return Heritage(block, state.trials[node.id], bool(same), runs)
    return None


def inherited_run(context: Context) -> Proposal | None:
    """The leader of the blocks before, for one of the slots, where it is due. Slots that keep values of their own start
    as in a first block.
    """
    found = context.heritage
    slots = [slot for slot in context.slots if not slot.fixed]
    if found is None or not slots or any(t.proposal.strategy == INHERIT for t in context.block_trials):
        return None
    values = context.space.canonical(found.leader.values)
    if context.tree.find(values) is not None:
        return None
    root = context.tree.root
    if found.same_regime:
        return None if root is not None else _start(context, found, slots[0], None)
    if root is None:  # the first slot of the batch is the baseline's
        return _start(context, found, slots[1], None) if len(slots) > 1 else None
    slot = next((slot for slot in slots if slot.role != "baseline"), None)
    return None if slot is None else _start(context, found, slot, root.id)


def _start(context: Context, found: Heritage, slot: Slot, parent: int | None) -> Proposal | None:
    note = f"the leader of block {found.block}, trial {found.leader.number}"
    proposal = mutate(context, slot, parent, found.leader.values, strategy=INHERIT, source=SOURCE, note=note)
    return None if context.space.violation(proposal.values) or context.validate(proposal.values) else proposal
