"""The slots of the next batch: their roles, and the values that they keep for themselves."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search import roles, slot_params
from hydra_llm.search.context import Slot
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings


def slots_to_fill(
    state: SweepState, settings: Settings, count: int, free: Sequence[int] | None, *, own_roles: bool
) -> tuple[Slot, ...]:
    """`count` slots, `free` names those that wait while the others work, None: all of them, in order. With `own_roles`
    the proposer decides what each is for. Of slots that are filled one by one each keeps the role of its place.
    """
    n_parallel, asked = settings.n_parallel, len(state.search)
    if own_roles and settings.start != "baselines":
        chosen = tuple(Slot(index) for index in (range(count) if free is None else free[:count]))
        return slot_params.settle(chosen, settings.slot_params, state.tree, n_parallel, asked)
    partial = free is not None and len(free) < n_parallel
    assigned = roles.assign(
        state.tree,
        n_parallel if partial else count,
        asked // n_parallel if free is not None else state.batches,
        replicating=bool(settings.seed_keys),
        start=settings.start,
    )
    chosen = tuple(assigned[slot] for slot in free[:count]) if partial and free is not None else assigned
    return slot_params.settle(chosen, settings.slot_params, state.tree, n_parallel, asked)
