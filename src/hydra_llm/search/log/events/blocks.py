"""The course of the blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search.log.events.base import Event


@dataclass(frozen=True)
class BlockRecord(Event):
    """A block opens: number from 1, and the values of the block parameters that hold in it."""

    type: ClassVar[str] = "block"
    index: int
    values: dict[str, Any]
    chosen_by: str = ""  # a proposer's name, or "untested-first"
    reason: str = ""  # the proposer's
    refused: str = ""  # why the proposer's choice was not taken


@dataclass(frozen=True)
class NextBlockChoice(Event):
    """What a proposer chose, in `block`, for the block after it; `values` None and the reason if it cannot be."""

    type: ClassVar[str] = "next_block"
    block: int
    values: dict[str, Any] | None
    by: str
    reason: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Review(Event):
    """A proposer reviewed a block when `trials` of its trials had ended. `failed` says why it could not."""

    type: ClassVar[str] = "review"
    block: int
    trials: int
    by: str
    failed: str = ""
    spent: TotalUsage | None = None
