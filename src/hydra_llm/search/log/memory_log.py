"""The event log of a study without a folder: events are applied and forgotten, nothing waits for a disk."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.log.events import Event


class MemoryLog:
    """Stands where EventLog does; a study in memory cannot be resumed."""

    events: Sequence[Event] = ()

    def append(self, *events: Event, wait: bool = True) -> None:
        """The study's state is all there is."""

    def close(self) -> None:
        """Nothing is open."""
