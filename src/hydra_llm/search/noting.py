"""What a proposer wrote beside its proposals, as notes for the event log.

A proposer that comments offers `last`, whose `notes` hold `observations` (trial number -> sentence) and `memory_edits`
(with `action` and `text`); the coded proposers have none.
"""

from __future__ import annotations

from hydra_llm.search.events import Event
from hydra_llm.search.proposers.base import Proposer


def note_events(proposer: Proposer) -> list[Event]:
    """One note event per observation and per added memory entry of the latest question."""
    notes = getattr(getattr(proposer, "last", None), "notes", None)
    if notes is None:
        return []
    events = [make_note("observation", text, proposer.name, number) for number, text in notes.observations.items()]
    return events + [
        make_note("memory", edit.text, proposer.name) for edit in notes.memory_edits if edit.action == "add"
    ]


def make_note(kind: str, text: str, by: str, number: int | None = None) -> Event:
    return {"type": "note", "kind": kind, "text": text, "by": by, "number": number}
