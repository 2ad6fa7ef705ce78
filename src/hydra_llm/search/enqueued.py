"""Configurations that the user wants to see first: they run after the baseline of the first block, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.trial import Proposal

STRATEGY, SOURCE = "enqueued", "user"


def check_enqueued(name: str, values: Any, space: Space) -> None:
    """Raises ValueError, beginning with `name`, for what is no configuration of the space or breaks its constraint."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} must be a mapping of parameters to values, got {values!r}.")
    problems = space.validate(values)
    if not problems and (violation := space.violation(values)):
        problems = [violation]
    if problems:
        raise ValueError(f"{name} cannot run: {' '.join(problems)}")


def enqueued_runs(context: Context, wanted: Sequence[Mapping[str, Any]]) -> list[Proposal]:
    """One proposal for each slot that a configuration fills which never ran; what it does not name is as in the
    baseline. Slots that keep values of their own, and the baseline's, are left alone.
    """
    if context.block.index != 1:
        return []
    root = context.tree.root
    free = [slot for slot in context.slots if slot.role != "baseline" and not slot.fixed]
    if root is None:  # the first slot of the batch is the baseline's
        free = [slot for slot in free if slot != context.slots[0]]
    known = {context.space.key(context.space.baseline())}
    found = []
    for values in wanted:
        key = context.space.key({**context.space.baseline(), **values})
        if not free or key in known or context.tree.has_key(key):
            continue
        known.add(key)
        parent = None if root is None else root.id
        complete = {**context.space.baseline(), **values}
        found.append(mutate(context, free.pop(0), parent, complete, strategy=STRATEGY, source=SOURCE))
    return found
