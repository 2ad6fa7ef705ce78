"""Entries of the memory, and the edits that a proposer makes to them, as a fold.

An edit is recorded as an event with its outcome (applied, changed by a veto, refused), so that a log read back gives
the memory that was written. Entries have names that never change hands: P1, P2, ... for principles and hypotheses,
Q1, ... for open questions, S1, ... for block summaries, G1, ... for principles of a written start memory. How well a
principle is supported is no property of the entry; evidence.py reads it off the trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from hydra_llm.search.log.events.memory import MemoryEdit
from hydra_llm.search.quotation import plain
from hydra_llm.search.statistics.claims import Claim

Kind = Literal["principle", "question", "summary"]

ESTABLISHED, TENTATIVE, FALSIFIED = "established", "tentative", "falsified"
QUESTION, SUMMARY = "open question", "block summary"
LEVELS = (FALSIFIED, TENTATIVE, ESTABLISHED)  # worst first
LETTERS: dict[str, Kind] = {"P": "principle", "Q": "question", "S": "summary", "G": "principle"}
KINDS: dict[str, Kind] = {QUESTION: "question", SUMMARY: "summary"}


@dataclass(frozen=True)
class MemoryEntry:
    """`asked` is the level that the author gave it, `cap` the one above which it may not stand (a demotion)."""

    name: str
    kind: Kind
    text: str
    trials: tuple[int, ...]
    claim: Claim | None
    asked: str
    by: str
    number: int
    block: int
    cap: str | None = None
    reason: str = ""  # of the latest change by a veto
    given: bool = False  # from a written start memory
    revised: int = 0


def kind_of(section: str) -> Kind:
    return KINDS.get(section, "principle")


def fold(edits: Iterable[MemoryEdit], given: Iterable[str] = (), block: int | None = None) -> dict[str, MemoryEntry]:
    """The entries that stand after these edits, by name in order of creation; `block`: after those of later blocks are
    left out. `given` are the principles of a written start memory.
    """
    entries = {
        f"G{place}": MemoryEntry(
            f"G{place}", "principle", text, (), None, ESTABLISHED, "start memory", 0, 0, given=True
        )
        for place, text in enumerate(given, start=1)
    }
    used: dict[str, int] = {}
    for edit in edits:
        if edit.outcome == "refused" or (block is not None and edit.block > block):
            continue
        if edit.action == "add":
            kind = kind_of(edit.section)
            letter = kind[0].upper()
            used[letter] = used.get(letter, 0) + 1
            name = f"{letter}{used[letter]}"
            entries[name] = MemoryEntry(
                name, kind, edit.text, edit.trials, edit.claim, edit.section, edit.by, edit.number, edit.block
            )
            entries[name] = replace(entries[name], reason=edit.reason)
        elif edit.entry in entries:
            entry = entries.pop(edit.entry) if edit.action == "remove" else entries[edit.entry]
            if edit.action == "revise":
                entries[edit.entry] = _revised(entry, edit)
            elif edit.action == "demote":
                entries[edit.entry] = replace(
                    entry, cap=edit.section, reason=edit.text or edit.reason, trials=_joined(entry, edit)
                )
    return entries


def _revised(entry: MemoryEntry, edit: MemoryEdit) -> MemoryEntry:
    return replace(
        entry,
        text=edit.text or entry.text,
        trials=_joined(entry, edit),
        claim=edit.claim,  # of the sentence as it now stands
        asked=edit.section if entry.kind == "principle" else entry.asked,
        cap=None,  # who revises states it anew, and the records judge it anew
        reason=edit.reason,
        revised=entry.revised + 1,
    )


def _joined(entry: MemoryEntry, edit: MemoryEdit) -> tuple[int, ...]:
    return tuple(sorted({*entry.trials, *edit.trials}))


def same_text(text: str, entries: Mapping[str, MemoryEntry], kind: str) -> str | None:
    """The name of an entry of this kind that says the same already."""
    return next((e.name for e in entries.values() if e.kind == kind and plain(e.text) == plain(text)), None)
