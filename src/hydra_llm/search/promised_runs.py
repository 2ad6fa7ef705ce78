"""Runs that are due before anything new is asked for: further recordings that a proposal named, and a baseline that
failed in an earlier session, whose cause may be mended.
"""

from __future__ import annotations

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Proposal, Trial

STRATEGY = "replicate"


def promised_runs(context: Context) -> list[Proposal]:
    """One proposal for each slot that a promised run fills, oldest promise first. A configuration that failed is not
    run again for its promise.
    """
    free = [slot for slot in context.slots if slot.role != "baseline"]
    root = context.tree.baseline
    found = []
    if root is not None and root.failed and not root.pending and max(root.trials) < context.earlier and free:
        found.append(_again(context, free.pop(0), root))
    for trial in context.block_trials:
        for recording in _missing(context, trial):
            slot = next((slot for slot in free if _fits(slot, trial)), None)
            if slot is None:
                break
            free.remove(slot)
            found.append(_rerun(context, slot, trial, recording))
    return found


def _again(context: Context, slot: Slot, root: Node) -> Proposal:
    note = "the baseline failed in an earlier session"
    return mutate(context, slot, root.id, root.values, strategy="baseline", source="rules", note=note)


def _missing(context: Context, trial: Trial) -> list[int]:
    """Recordings that the trial's proposal named and nobody ran its configuration on, or runs it."""
    wanted = trial.proposal.recordings
    if len(wanted) < 2 or context.tree.node(trial.number).failed:
        return []
    node = context.tree.node(trial.number)
    ran = {context.recordings.of(number) for number in node.trials}
    return [recording for recording in wanted if recording not in ran]


def _fits(slot: Slot, trial: Trial) -> bool:
    return all(trial.values.get(key) == value for key, value in slot.fixed.items())


def _rerun(context: Context, slot: Slot, trial: Trial, recording: int) -> Proposal:
    proposal = mutate(
        context,
        slot,
        trial.number,
        trial.values,
        strategy=STRATEGY,
        source=trial.proposal.provenance.source,
        note=f"recording {recording}, named with trial {trial.number}",
    )
    return proposal.on(recording)
