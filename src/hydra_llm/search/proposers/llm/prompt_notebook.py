"""Sections of the prompt that look back: what a person wrote, the proposer's own predictions, the lines that its log
wants, and at a block's end the protocol's evaluation with what is due.
"""

from __future__ import annotations

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_text import NEVER, Section, fence

CHECKLIST = (
    "No slot is asked: the block is over and its results are in. Send `slots: []`. Do all of this, in this order:",
    "1. An observation for each trial that has none yet.",
    "2. A block summary in two or three sentences: `memory_edits`, action add, section block summary.",
    "3. Judge the rules by the evaluation below.",
    '4. The protocol: `protocol_edit`, {"rules": the whole new text between the marker lines, or `null` if no change '
    'is needed, "reason": why, either way, with a word on each row that goes}. A new condition is a phrase or a '
    "comparison as in the table, which records can judge.",
    "5. The memory: add what the block showed, revise or demote what it contradicts, remove what is settled.",
    '6. The next block, where the simulation may change: `next_block`, {"values": [{"key", "value"}], "reason": what '
    "it tests}, one that was not tested yet, best with one factor changed.",
)
USER_CHARACTERS = 6_000  # of what a person wrote; the latest text counts most


def duties(context: Context) -> Section | None:
    """At a block's end: what is to be done, and the evaluation by code."""
    if not context.is_review:
        return None
    rows = tuple(context.evaluation.splitlines()) or ("- Nothing to evaluate.",)
    return Section("End of the block", (*CHECKLIST, "", "Evaluation of the protocol, from the records:"), rows)


def predictions(context: Context) -> Section | None:
    """The forecaster's own record."""
    rows = tuple(context.predictions.splitlines())
    return Section("Your predictions so far", rows=rows, keep=4, most=30, patience=15) if rows else None


def principles(context: Context) -> Section | None:
    """What a principle-test slot may choose from: lines of the memory, so they are data."""
    if not context.principles or not any(slot.role == "principle-test" for slot in context.slots):
        return None
    head = "Choose one for the principle-test slot; predict from it, and look for where it fails:"
    text = "\n".join(f"- {name}: {principle}" for name, principle in context.principles.items())
    begin, *rows, end = fence(text, "the working memory of this sweep").splitlines()
    return Section("Established principles", (head, begin), tuple(rows), (end,), keep=6, most=20, patience=35)


def person(context: Context) -> Section | None:
    """What the person who runs the sweep wrote: wishes and facts, never more rights than the protocol gives."""
    if not context.user_notes:
        return None
    kept, room = [], USER_CHARACTERS
    for text in reversed(context.user_notes):
        if room <= 0:
            break
        kept.append(text if len(text) <= room else f"{text[:room]} (cut for length)")
        room -= len(text)
    head = ("Take it into account, within the rules of the protocol; the latest text comes last.",)
    body = fence("\n\n".join(reversed(kept)), "the person who runs this sweep (user_input.md)")
    return Section("Notes from a person", head, (body,), patience=NEVER)
