"""What a proposer wrote beside its proposals, as notes for the event log.

A proposer that comments offers `last`, whose `notes` hold `observations` (trial number -> sentence), their `reasoning`
(trial number -> `mode`, `confidence`) and `memory_edits` (with `action` and `text`), and for the block after this one
`next_block` (values, or None), `next_block_reason` and `next_block_refused`; the coded proposers have none.
"""

from __future__ import annotations

from dataclasses import asdict

from hydra_llm.search.events import Event
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.state import Choice


def note_events(proposer: Proposer) -> list[Event]:
    """One note event per observation and per added memory entry of the latest question."""
    notes = getattr(getattr(proposer, "last", None), "notes", None)
    if notes is None:
        return []
    kinds = getattr(notes, "reasoning", {})
    events = [
        make_note("observation", text, proposer.name, number)
        | {
            name: found
            for name in ("mode", "confidence")
            if (found := getattr(kinds.get(number), name, None)) is not None
        }
        for number, text in notes.observations.items()
    ]
    return events + [
        make_note("memory", edit.text, proposer.name) for edit in notes.memory_edits if edit.action == "add"
    ]


def choice_of(proposer: Proposer) -> Choice | None:
    """What the latest answer says on the next block, None if nothing."""
    notes = getattr(getattr(proposer, "last", None), "notes", None)
    values = getattr(notes, "next_block", None)
    refused = getattr(notes, "next_block_refused", "")
    if values is None and not refused:
        return None
    reason = getattr(notes, "next_block_reason", "")
    return Choice(values, proposer.name, reason, "" if values is not None else refused)


def choice_event(choice: Choice | None, block: int) -> list[Event]:
    """The event that keeps a choice made in `block` until that block ends."""
    return [] if choice is None else [{"type": "next_block", "block": block, **asdict(choice)}]


def make_note(kind: str, text: str, by: str, number: int | None = None) -> Event:
    return {"type": "note", "kind": kind, "text": text, "by": by, "number": number}
