"""An edit of the memory, with what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from hydra_llm.search.log.events.base import Event
from hydra_llm.search.statistics.claims import Claim

EditOutcome = Literal["applied", "changed", "refused"]


@dataclass(frozen=True)
class MemoryEdit(Event):
    """`number` is the trial that was decided next, `block` the block that it was made in."""

    type: ClassVar[str] = "memory"
    action: str  # add | revise | demote | remove
    section: str
    entry: str | None
    text: str
    trials: tuple[int, ...]
    claim: Claim | None
    by: str
    number: int
    block: int
    outcome: EditOutcome = "applied"
    reason: str = ""  # why it was changed or refused
