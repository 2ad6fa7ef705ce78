"""What a proposer is: a function from everything that may be known to one proposal per free slot.

A proposer reads a Context and returns Proposals; it launches nothing, writes nothing, and keeps no state that the
event log does not hold, so that a resumed sweep proposes what the uninterrupted one would have. Its randomness comes
from `context.rng()`, which depends on the sweep's seed and the trial number alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Change, Proposal


class ProposerError(RuntimeError):
    """The proposer cannot answer now (outage, budget, unusable answers); the message is a sentence for the records."""


class ProposerStop(ProposerError):
    """As ProposerError, and the sweep must stop instead of falling back to the rules."""


@runtime_checkable
class Proposer(Protocol):
    """`propose` returns one proposal per slot of the context, in the slots' order, none naming another of the batch.

    Optional: `reads_notes = False` spares the texts of a context that a coded proposer does not read; `review(context)`
    is called at the end of a block, when its results are in, and leaves its notes in `last` (see noting.py).
    """

    name: str

    def propose(self, context: Context) -> list[Proposal]: ...


def mutate(
    context: Context,
    slot: Slot,
    parent: int | None,
    values: Mapping[str, Any],
    *,
    strategy: str,
    source: str,
    hypothesis: str = "",
    note: str = "",
) -> Proposal:
    """A proposal whose `changes` are computed: the difference between `values` and the parent's configuration.

    What the slot keeps for itself replaces what `values` says.
    """
    new = context.space.canonical({**values, **slot.fixed})
    old = context.tree.node(parent).values if parent is not None else {}
    changes = tuple(
        Change(name, old.get(name), new.get(name))
        for name in (context.space.changed(old, new) if parent is not None else ())
    )
    return Proposal(
        slot=slot.index,
        role=slot.role,
        strategy=strategy,
        parent=parent,
        values=new,
        changes=changes,
        hypothesis=hypothesis,
        note=note,
        provenance=Provenance(source),
    )
