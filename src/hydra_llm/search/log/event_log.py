"""The event log: one JSON object per line, append-only, each line on disk before the program acts upon it.

`events.jsonl` is the only truth of a sweep; tree, tables, notes and figures are derived from it. A torn last line, left
by a crash in the middle of a write, is dropped when the log is opened for writing again.
"""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hydra_llm.search.log.continuity import Continuity
from hydra_llm.search.log.events import Header
from hydra_llm.search.log.events.base import Event
from hydra_llm.search.log.events.codec import from_json, to_json
from hydra_llm.search.log.events.upgrade import SCHEMA_VERSION, upgrade, written_for

EVENTS_NAME = "events.jsonl"


class EventLogError(RuntimeError):
    """The log cannot be read or written; the message says where and what to do."""


def read_events(path: Path) -> list[Event]:
    """All complete events of a log, those of unknown types left out; [] for a log that does not exist.

    Raises EventLogError on a damaged inner line, one that cannot follow those before it, and for a log of a newer
    layout.
    """
    return _split(path)[0]


def _split(path: Path) -> tuple[list[Event], int]:
    """Events, and the length in bytes of the part of the file that holds them."""
    if not path.exists():
        return [], 0
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1  # what follows the last newline was torn off by a crash
    lines = []
    for number, line in enumerate(data[:end].splitlines(), start=1):
        try:
            lines.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise _damaged(path, number, f"is not valid JSON ({error})") from None
        if not isinstance(lines[-1], dict):
            raise _damaged(path, number, "is no JSON object")
        if not isinstance(lines[-1].get("type", ""), str) or type(lines[-1].get("schema", 1)) is not int:
            raise _damaged(path, number, "has a type that is no text, or a schema that is no number")
    if written_for(lines) > SCHEMA_VERSION:
        raise EventLogError(
            f"{path} has schema version {written_for(lines)}, this program reads up to {SCHEMA_VERSION}. "
            "Update hydra-llm to continue this sweep."
        )
    return _typed(path, upgrade(lines)), end


def _typed(path: Path, lines: list[dict[str, Any]]) -> list[Event]:
    events: list[Event] = []
    course = Continuity()
    for number, line in enumerate(lines, start=1):
        try:
            event = from_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise _damaged(path, number, f"is no event of type {line['type']} ({where}: {first['msg']})") from None
        if event is None:
            continue
        events.append(event)
        if isinstance(events[0], Header) and (fault := course.fault(event)):
            raise _contradictory(path, number, fault)
    return events


def _damaged(path: Path, number: int, what: str) -> EventLogError:
    return EventLogError(
        f"{path}, line {number} {what}. The log is append-only and was edited or damaged; "
        "restore it from a copy, or start anew in another sweep folder."
    )


def _contradictory(path: Path, number: int, fault: str) -> EventLogError:
    return EventLogError(
        f"{path}, line {number} contradicts the lines before it: {fault}. Two sweepers wrote to this log at once, or "
        f"it was edited. To go on from where it was whole, keep a copy of the log and the first {number - 1} lines "
        f"of it (sed -i.copy '{number},$d' {shlex.quote(str(path))}), or start anew in another sweep folder."
    )


class EventLog:
    """Appends events durably. `events` are those that were there when the log was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events, end = _split(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)  # what a full disk did not take must not be written at close
            self._file.truncate(end)
        except OSError as error:
            raise EventLogError(
                f"The sweep folder {path.parent} cannot be written ({error.strerror}). "
                "Set hydra.sweep.dir to a folder that you may write to."
            ) from error

    def append(self, *events: Event, wait: bool = True) -> None:
        """Write events in one go and wait until they are on disk.

        wait=False hands them to the system only: they survive the end of this program, and reach the disk with the next
        call that waits. For what is harmless to lose in a power cut, such as a question that nothing acted upon yet.
        """
        lines = [json.dumps(to_json(event), allow_nan=False, default=_plain) + "\n" for event in events]
        rest, before = memoryview("".join(lines).encode()), os.fstat(self._file.fileno()).st_size
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            if wait:
                os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):  # half of a line would be dropped when the log is opened again
                self._file.truncate(before)
            raise EventLogError(
                f"{self.path} cannot be written ({error.strerror}). Free some space and run the same command again; "
                "nothing that was recorded is lost."
            ) from error

    def close(self) -> None:
        self._file.close()


def _plain(item: Any) -> Any:
    """NumPy scalars as JSON values."""
    if hasattr(item, "item"):
        return item.item()
    raise TypeError(f"{item!r} ({type(item).__name__}) has no JSON form. Events hold plain values only.")
