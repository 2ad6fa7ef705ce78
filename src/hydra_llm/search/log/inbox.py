"""user_input.md: the inbox in which a person writes to a running sweep.

Text under Pending is read before the next decision, recorded as an event, shown to the proposer as data, and moved to
Acknowledged with the number of the trial that was decided next. The event log holds what was said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hydra_llm.atomic_write import replacing

NAME = "user_input.md"
PENDING, ACKNOWLEDGED = "## Pending", "## Acknowledged"
EMPTY = f"""# Notes to this sweep

What you write under Pending is shown to the proposer at its next decision, and then moved to Acknowledged.

{PENDING}

{ACKNOWLEDGED}
"""
MAX_CHARACTERS = 4_000  # of what one decision reads; the rest stays pending for the next one
RETRIES = 5  # when the file changes while it is rewritten


def read_letter(path: Path) -> str:
    """What stands in the file; "" without one."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class _ChangedMeanwhile(Exception):
    """The file is no longer what its new content was made from."""


class Inbox:
    """The file of one sweep folder; `read` is called with its path."""

    def __init__(self, folder: Path, read: Callable[[Path], str] = read_letter) -> None:
        self.path = folder / NAME
        self._read = read

    def create(self) -> None:
        """Put an empty file there, unless a person was faster."""
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write(EMPTY)
        except FileExistsError:
            pass

    def pending(self) -> str:
        """What waits to be read, whole lines within MAX_CHARACTERS; "" where nothing does."""
        _, waiting, _ = _parts(self._read(self.path))
        return _bounded("\n".join(waiting).strip())

    def acknowledged(self) -> str:
        return "\n".join(_parts(self._read(self.path))[2])

    def acknowledge(self, said: str, label: str) -> bool:
        """Move these lines from Pending to Acknowledged; what was written meanwhile stays. False if the file kept
        changing, or could not be written: the lines then stay where they are.
        """
        for _ in range(RETRIES):
            before = self._read(self.path)
            head, waiting, done = _parts(before)
            rest = _without(waiting, said.splitlines())
            if rest is None:
                return True  # somebody took them away
            first, *more = said.splitlines()
            entry = [f"- {label}: {first}", *(f"  {line}" for line in more)]
            lines = [*head, PENDING, "", *_trimmed(rest), "", ACKNOWLEDGED, "", *_trimmed(done), *entry]
            try:
                with replacing(self.path) as aside:
                    aside.write_text("\n".join(_trimmed(lines)) + "\n", encoding="utf-8")
                    if self._read(self.path) != before:
                        raise _ChangedMeanwhile
                return True
            except _ChangedMeanwhile:
                continue
            except OSError:
                return False
        return False


def _parts(text: str) -> tuple[list[str], list[str], list[str]]:
    """Lines before Pending, under it, and under Acknowledged. A file without these headings is all pending."""
    lines = text.splitlines()
    pending = next((i for i, line in enumerate(lines) if line.strip().lower() == PENDING.lower()), None)
    done = next((i for i, line in enumerate(lines) if line.strip().lower() == ACKNOWLEDGED.lower()), None)
    if pending is None:
        known = set(EMPTY.splitlines())
        end = len(lines) if done is None else done
        head = [line for line in lines[:end] if line in known]
        return head, [line for line in lines[:end] if line not in known], lines[end + 1 :]
    if done is None or done < pending:
        return lines[:pending], lines[pending + 1 :], []
    return lines[:pending], lines[pending + 1 : done], lines[done + 1 :]


def _without(waiting: list[str], said: list[str]) -> list[str] | None:
    """The waiting lines less those that were read, None if they are not there any more."""
    found = [line.strip() for line in waiting]
    wanted = [line.strip() for line in said]
    for start in range(len(found) - len(wanted) + 1):
        if found[start : start + len(wanted)] == wanted:
            return waiting[:start] + waiting[start + len(wanted) :]
    return None


def _bounded(text: str) -> str:
    """Whole lines, so that they are found again when they are moved; one line at least, however long."""
    if len(text) <= MAX_CHARACTERS:
        return text
    return (text[:MAX_CHARACTERS].rpartition("\n")[0] or text.partition("\n")[0]).strip()


def _trimmed(lines: list[str]) -> list[str]:
    """Without empty lines at both ends."""
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]
