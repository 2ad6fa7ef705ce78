"""When things happened, counted in results: step k is the moment at which the k-th search trial was told.

Wall time would put a night between two trials; the number of results is the time in which a search learns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hydra_llm.search.log.events import Asked, BlockRecord, Event, Note, Told


@dataclass
class Timeline:
    """Steps by trial number, block index, and position of a note in SweepState.notes."""

    asked: dict[int, int] = field(default_factory=dict)
    told: dict[int, int] = field(default_factory=dict)
    blocks: dict[int, int] = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)  # search trials in the order in which they were told
    first: float | None = None  # seconds since the epoch, of the first and the last event with a time
    last: float | None = None

    @property
    def steps(self) -> int:
        return len(self.order)


def timeline(events: Iterable[Event]) -> Timeline:
    found = Timeline()
    confirming: set[int] = set()
    for event in events:
        now = len(found.order)
        if event.moment is not None:
            found.first = event.moment if found.first is None else found.first
            found.last = max(event.moment, found.last or event.moment)
        match event:
            case Asked():
                found.asked |= {trial.number: now for trial in event.trials}
                confirming |= {trial.number for trial in event.trials if trial.purpose != "search"}
            case Told():
                if event.number not in confirming:
                    found.order.append(event.number)
                found.told[event.number] = len(found.order)
            case BlockRecord():
                found.blocks[event.index] = now
            case Note():
                found.notes.append(now)
    return found
