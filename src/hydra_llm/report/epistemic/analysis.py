"""The epistemic analysis of a sweep: everything that its section of the page shows, from the event log alone."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hydra_llm.report.epistemic.agreement import Agreement, agreement
from hydra_llm.report.epistemic.events import ReasoningEvent, reasoning_events
from hydra_llm.report.epistemic.principles import Principle, principles
from hydra_llm.report.epistemic.relations import Relations, relations
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.trial.reasoning import MEANING, ReasoningMode


@dataclass(frozen=True)
class ModeRow:
    """`judged` and `held` count hypotheses of this mode with an interval and a result."""

    mode: ReasoningMode
    meaning: str
    total: int
    by_author: int
    by_form: int
    by_markers: int  # alone: no told mode
    judged: int
    held: int


@dataclass(frozen=True)
class Analysis:
    """`transitions` count consecutive written thoughts of one block: hypotheses, which every trial has, stay out."""

    events: list[ReasoningEvent]
    modes: list[ModeRow]
    untagged: int
    agreement: Agreement
    relations: Relations
    transitions: dict[tuple[ReasoningMode, ReasoningMode], int]
    principles: list[Principle]
    steps: int


def analyse(sweep: Sweep, when: Timeline) -> Analysis:
    events = reasoning_events(sweep, when)
    return Analysis(
        events,
        mode_rows(events),
        sum(event.mode is None for event in events),
        agreement(events),
        relations(events, sweep, when.steps),
        transitions(events),
        principles(sweep),
        when.steps,
    )


def mode_rows(events: Sequence[ReasoningEvent]) -> list[ModeRow]:
    """Modes that occur, most frequent first."""
    rows = []
    for mode in ReasoningMode:
        own = [event for event in events if event.mode is mode]
        judged = [event.holds for event in own if event.holds is not None]
        if own:
            rows.append(
                ModeRow(
                    mode,
                    MEANING[mode],
                    len(own),
                    sum(event.told_by == "author" for event in own),
                    sum(event.told_by == "form" for event in own),
                    sum(event.told is None for event in own),
                    len(judged),
                    sum(judged),
                )
            )
    return sorted(rows, key=lambda row: -row.total)


def written(events: Sequence[ReasoningEvent]) -> list[ReasoningEvent]:
    """Thoughts in words with a mode; hypotheses stay out, because every trial has one and they would drown the rest."""
    return [event for event in events if event.mode is not None and event.source != "hypothesis"]


def transitions(events: Sequence[ReasoningEvent]) -> dict[tuple[ReasoningMode, ReasoningMode], int]:
    pairs: Counter[tuple[ReasoningMode, ReasoningMode]] = Counter()
    own = written(events)
    for before, after in itertools.pairwise(own):
        if before.block == after.block and before.mode is not None and after.mode is not None:
            pairs[before.mode, after.mode] += 1
    return dict(pairs)
