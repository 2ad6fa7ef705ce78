"""Results in the order of a recorded sweep, so that a replay over several slots is asked the same questions.

What a model is asked depends on which trials had ended. A replay waits for the trials that the recorded sweep had
before each of its questions, and holds back those that end too early.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from hydra.core.utils import JobReturn

from hydra_llm.search.log.event_log import EVENTS_NAME, read_events
from hydra_llm.search.log.events import Asked, Event, Question, Told
from hydra_llm.sweeper.dispatch.base import Dispatch, Ended, Launch

log = logging.getLogger(__name__)


def recorded_groups(events: Sequence[Event]) -> list[list[int]]:
    """Numbers of the trials that ended between one question and the next."""
    groups: list[list[int]] = [[]]
    for event in events:
        if isinstance(event, Told):
            groups[-1].append(event.number)
        elif isinstance(event, Asked | Question) and groups[-1]:
            groups.append([])
    return [group for group in groups if group]


class RecordedOrder(Dispatch):
    """A dispatch around another one. A held trial keeps its slot."""

    def __init__(self, inner: Dispatch, groups: Sequence[Sequence[int]]) -> None:
        self._inner = inner
        self._groups = [list(group) for group in groups]
        self._held: dict[int, Ended] = {}
        self._launches: dict[int, Launch] = {}
        self._handed: set[int] = set()
        self.survives = inner.survives

    @property
    def running(self) -> dict[int, Launch]:  # type: ignore[override]
        held = {launch.slot: launch for number, launch in self._launches.items() if number in self._held}
        return {**self._inner.running, **held}

    @property
    def free_slots(self) -> list[int]:
        taken = self.running
        return [slot for slot in self._inner.free_slots if slot not in taken]

    @property
    def returns(self) -> list[Sequence[JobReturn]]:
        return self._inner.returns

    def start(self, launches: list[Launch]) -> None:
        self._begin(launches)  # slots and stale results are looked at by the inner one

    def _begin(self, launches: list[Launch]) -> None:
        self._launches |= {launch.number: launch for launch in launches}
        self._inner.start(launches)

    def wait(self, timeout_s: float) -> dict[int, Ended]:
        if self._inner.running:
            self._held |= self._inner.wait(0.0 if self._is_ready() else timeout_s)
        if not self._is_ready():
            return {}
        group = self._groups.pop(0) if self._groups else list(self._held)
        found = {number: self._held.pop(number) for number in group if number in self._held}
        self._handed |= set(found)
        return found

    def close(self) -> None:
        self._inner.close()

    def _is_ready(self) -> bool:
        """Whether the next group is there; without a recorded one whatever is there."""
        running = {launch.number for launch in self._inner.running.values()}
        while self._groups:
            wanted = [number for number in self._groups[0] if number not in self._handed]
            strange = [number for number in wanted if number not in running and number not in self._held]
            if strange:
                log.info("The recorded sweep had run trial %s by now; this one has not.", ", ".join(map(str, strange)))
            wanted = [number for number in wanted if number not in strange]
            if wanted:
                return not any(number in running for number in wanted)
            self._groups.pop(0)
        return bool(self._held)


def in_recorded_order(dispatch: Dispatch, transcripts: Path) -> Dispatch:
    """The dispatch of a replay over several slots; without the recorded log it stays as it is, with a warning."""
    groups = recorded_groups(read_events(transcripts / EVENTS_NAME))
    if not groups:
        log.warning(
            "The order in which trials ended is not known, so this replay over several slots may meet other questions. "
            "Copy %s of the recorded sweep to %s.",
            EVENTS_NAME,
            transcripts / EVENTS_NAME,
        )
        return dispatch
    return RecordedOrder(dispatch, groups)
