"""What all events have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened, as one line of the log. `type` is its name there and never changes its meaning."""

    type: ClassVar[str]

    @property
    def moment(self) -> float | None:
        """When it happened, in seconds since the epoch; None for events that happen with the one beside them."""
        return None


@dataclass(frozen=True)
class TimedEvent(Event):
    time: float  # seconds since the epoch

    @property
    def moment(self) -> float | None:
        return self.time
