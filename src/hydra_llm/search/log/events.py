"""The event log: one JSON object per line, append-only, each line on disk before the program acts upon it.

`events.jsonl` is the only truth of a sweep; tree, tables, notes and figures are derived from it. Event types:
header, session, block, asked, launched, told, lost, rejected, note, question, review, finished, and what state.py reads
beside these. A torn last line, left by a crash in the middle of a write, is dropped when the log is opened for writing
again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

EVENTS_NAME = "events.jsonl"
SCHEMA_VERSION = 1

Event = dict[str, Any]


class EventLogError(RuntimeError):
    """The log can not be read or written; the message says where and what to do."""


def read_events(path: Path) -> list[Event]:
    """All complete events of a log; [] for a log that does not exist. Raises EventLogError on a damaged inner line."""
    return _split(path)[0]


def _split(path: Path) -> tuple[list[Event], int]:
    """Events, and the length in bytes of the part of the file that holds them."""
    if not path.exists():
        return [], 0
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1  # what follows the last newline was torn off by a crash
    events = []
    for number, line in enumerate(data[:end].splitlines(), start=1):
        try:
            events.append(json.loads(line))
        except ValueError as error:
            raise EventLogError(
                f"{path}, line {number} is not valid JSON ({error}). The log is append-only and was edited or damaged; "
                "restore it from a copy, or start anew in another sweep folder."
            ) from None
    if events and events[0].get("schema", 0) > SCHEMA_VERSION:
        raise EventLogError(
            f"{path} has schema version {events[0]['schema']}, this program reads up to {SCHEMA_VERSION}. "
            "Update hydra-llm to continue this sweep."
        )
    return events, end


class EventLog:
    """Appends events durably. `events` are those that were there when the log was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events, end = _split(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
            self._file.truncate(end)
        except OSError as error:
            raise EventLogError(
                f"The sweep folder {path.parent} can not be written ({error.strerror}). "
                "Set hydra.sweep.dir to a folder that you may write to."
            ) from error

    def append(self, *events: Event, wait: bool = True) -> None:
        """Write events in one go and wait until they are on disk.

        wait=False hands them to the system only: they survive the end of this program, and reach the disk with the next
        call that waits. For what is harmless to lose in a power cut, such as a question that nothing acted upon yet.
        """
        self.write(events, wait=wait)

    def write(self, events: Iterable[Event], *, wait: bool = True) -> None:
        lines = [json.dumps(event, allow_nan=False, default=_plain) + "\n" for event in events]
        try:
            self._file.write("".join(lines).encode())
            self._file.flush()
            if wait:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise EventLogError(
                f"{self.path} can not be written ({error.strerror}). Free some space and run the same command again; "
                "nothing that was recorded is lost."
            ) from error

    def close(self) -> None:
        self._file.close()


def _plain(item: Any) -> Any:
    """NumPy scalars and tuples as JSON values."""
    if hasattr(item, "item"):
        return item.item()
    raise TypeError(f"{item!r} ({type(item).__name__}) has no JSON form. Events hold plain values only.")
