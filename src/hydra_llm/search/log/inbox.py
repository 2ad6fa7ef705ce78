"""user_input.md: what a person wants to tell a running sweep.

Text under Pending is read before the next decision, recorded as an event, shown to the proposer as data, and moved to
Acknowledged with the number of the trial that was decided next. The event log holds what was said; the file is a
letter box.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "user_input.md"
PENDING, ACKNOWLEDGED = "## Pending", "## Acknowledged"
EMPTY = f"""# Notes to this sweep

What you write under Pending is shown to the proposer at its next decision, and then moved to Acknowledged.

{PENDING}

{ACKNOWLEDGED}
"""
MAX_CHARACTERS = 4_000  # of what one decision reads; the rest stays pending for the next one
RETRIES = 5  # when the file changes while it is rewritten


class Inbox:
    """The file of one sweep folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def create(self) -> None:
        """Put an empty file there, unless a person was faster."""
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write(EMPTY)
        except FileExistsError:
            pass

    def pending(self) -> str:
        """What waits to be read, whole lines within MAX_CHARACTERS; "" where nothing does."""
        _, waiting, _ = _parts(self._text())
        return _bounded("\n".join(waiting).strip())

    def acknowledged(self) -> str:
        return "\n".join(_parts(self._text())[2])

    def acknowledge(self, said: str, label: str) -> bool:
        """Move these lines from Pending to Acknowledged; what was written meanwhile stays. False if the file kept
        changing, or could not be written: the lines then stay where they are.
        """
        for _ in range(RETRIES):
            before = self._text()
            head, waiting, done = _parts(before)
            rest = _without(waiting, said.splitlines())
            if rest is None:
                return True  # somebody took them away
            first, *more = said.splitlines()
            entry = [f"- {label}: {first}", *(f"  {line}" for line in more)]
            lines = [*head, PENDING, "", *_trimmed(rest), "", ACKNOWLEDGED, "", *_trimmed(done), *entry]
            aside = self.path.with_name(f".{NAME}.{os.getpid()}")
            try:
                aside.write_text("\n".join(_trimmed(lines)) + "\n", encoding="utf-8")
                if self._text() == before:
                    aside.replace(self.path)
                    return True
            except OSError:
                return False
            finally:
                aside.unlink(missing_ok=True)
        return False

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


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
