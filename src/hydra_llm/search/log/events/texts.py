"""What was read and written in words: protocol, start memory, notes of proposers and of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hydra_llm.search.log.events.base import Event, TimedEvent


@dataclass(frozen=True)
class ProtocolSource(TimedEvent):
    """The protocol's file as it was read, the first time and whenever it differs."""

    type: ClassVar[str] = "protocol"
    text: str


@dataclass(frozen=True)
class ProtocolEdit(Event):
    """Made at the end of `block`, before trial `number`; `rules` None: no change, for the stated reason."""

    type: ClassVar[str] = "protocol_edit"
    block: int
    rules: str | None
    reason: str
    by: str
    number: int = 0


@dataclass(frozen=True)
class StartMemorySource(TimedEvent):
    """The written memory that the sweep starts from, as it was read."""

    type: ClassVar[str] = "start_memory"
    text: str


@dataclass(frozen=True)
class Note(Event):
    """A line for people and for the memory; `kind` names where it belongs, `by` who wrote it, `number` its trial and
    `block` the block in which it was written. An observation may say what `mode` of reasoning it is
    (trial/reasoning.py), and the chance that its author gives it.
    """

    type: ClassVar[str] = "note"
    kind: str
    text: str
    by: str
    block: int
    number: int | None = None
    mode: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class UserNote(Event):
    """What a person wrote to the running sweep; `number` is the trial that was decided next."""

    type: ClassVar[str] = "user_input"
    text: str
    number: int
    block: int
