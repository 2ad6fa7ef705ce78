"""Who looks at proposed code between its checks and its launch: nobody, a person at the terminal, or one with files.

A revision that waits is in the event log, so a sweep that ends meanwhile asks again when it goes on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from hydra_llm.code.workspace import Workspace

log = logging.getLogger(__name__)

MOST_REASON = 400  # characters that are kept
QUESTION = "Run it? y: yes; n REASON: no, and never again; q: stop the sweep, and ask again when it goes on > "
Decision = tuple[str, bool, str]  # name of a revision, accepted, reason


class Reviewer(Protocol):
    @property
    def waits(self) -> bool:
        """Whether code runs only after a decision."""
        ...

    def show(self, workspace: Workspace, name: str, parent: str, revision: str) -> None:
        """A revision passed its checks; `parent` is what git knows the one by that it was made of."""

    def decisions(self, workspace: Workspace, waiting: Sequence[str]) -> list[Decision]:
        """What was decided on revisions that wait."""
        ...


class NoReviewer:
    """Code that passes its checks runs."""

    waits = False

    def show(self, workspace: Workspace, name: str, parent: str, revision: str) -> None:
        pass

    def decisions(self, workspace: Workspace, waiting: Sequence[str]) -> list[Decision]:
        return []


class FileReviewer:
    """A diff in a folder, and a file beside it as the answer; the sweep goes on meanwhile.

    <sweep>/code/review/r3.diff      written by the sweep
    <sweep>/code/review/r3.accept    put there by a person; or r3.reject, whose text is the reason
    """

    waits = True

    def show(self, workspace: Workspace, name: str, parent: str, revision: str) -> None:
        folder = workspace.folder / "review"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.diff"
        path.write_text(change(workspace, parent, revision), encoding="utf-8")
        log.info("Code waits for a person: %s. Put %s.accept or %s.reject beside it.", path, name, name)

    def decisions(self, workspace: Workspace, waiting: Sequence[str]) -> list[Decision]:
        folder, found = workspace.folder / "review", []
        for name in waiting:
            for suffix, accepted in (("reject", False), ("accept", True)):
                path = folder / f"{name}.{suffix}"
                if path.is_file():
                    reason = path.read_text(encoding="utf-8", errors="replace")
                    found.append((name, accepted, _one_line(reason)))
                    break
        return found


class TerminalReviewer:
    """The diff in the terminal, and a question that the sweep waits at. `read` returns a line without its end and
    raises EOFError where there is none any more.
    """

    waits = True

    def __init__(self, read: Callable[[], str] = input, out: TextIO | None = None) -> None:
        self._read = read
        self._out = out or sys.stdout

    def show(self, workspace: Workspace, name: str, parent: str, revision: str) -> None:
        pass  # the question comes at once

    def decisions(self, workspace: Workspace, waiting: Sequence[str]) -> list[Decision]:
        """Of every revision that waits; at the end of the input the others go on waiting."""
        found: list[Decision] = []
        for name in waiting:
            try:
                decision = self._ask(workspace, name)
            except EOFError:
                log.warning("There is nobody at the terminal any more; %s waits.", ", ".join(waiting[len(found) :]))
                break
            found.append(decision)
        return found

    def _ask(self, workspace: Workspace, name: str) -> Decision:
        revision = workspace.resolved(name)
        text = change(workspace, workspace.parent(revision) or revision, revision)
        self._say(f"\nCode of revision {name} has passed its checks.\n\n{text}\n")
        while True:
            self._say(
                "Run it? y: yes; n REASON: no, and never again; q: stop the sweep here and ask when it goes on > "
            )
            word, _, reason = self._read().strip().partition(" ")
            if word in ("y", "yes"):
                return name, True, _one_line(reason)
            if word in ("n", "no"):
                return name, False, _one_line(reason)
            if word in ("q", "quit"):
                raise KeyboardInterrupt
            self._say(f"The answer must begin with y, n or q, got {word!r}.\n")

    def _say(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def change(workspace: Workspace, parent: str, revision: str) -> str:
    """Why a revision was proposed, and its difference to the one that it was made of."""
    return f"{workspace.message(revision)}\n\n{workspace.diff(parent, revision)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MOST_REASON]
