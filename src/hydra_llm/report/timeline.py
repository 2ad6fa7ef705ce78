"""When things happened, counted in results: step k is the moment at which the k-th search trial was told.

Wall time would put a night between two trials; the number of results is the time in which a search learns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hydra_llm.search.log.events import Event


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
        kind, now = event.get("type"), len(found.order)
        for name in ("time", "ended"):
            if event.get(name) is not None:
                found.first = event[name] if found.first is None else found.first
                found.last = max(event[name], found.last or event[name])
        if kind == "asked":
            for entry in event["trials"]:
                found.asked[entry["number"]] = now
                if entry.get("purpose", "search") != "search":
                    confirming.add(entry["number"])
        elif kind == "told":
            if event["number"] not in confirming:
                found.order.append(event["number"])
            found.told[event["number"]] = len(found.order)
        elif kind == "block":
            found.blocks[event["index"]] = now
        elif kind == "note":
            found.notes.append(now)
    return found
