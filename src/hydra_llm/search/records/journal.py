"""The log as a fold over events, in pieces that never change once they are written.

An entry is closed when the decision after its trial is launched, since that decision brings the proposer's
observation and says where the slot branched next; at the end of a block and of the sweep the rest is closed and a
summary follows.
Pieces depend on nothing but the events up to their closing, so a log that was lost, or torn by a crash, is written
again letter by letter, and an intact one is only appended to.
"""

from __future__ import annotations

import logging
from functools import singledispatchmethod
from pathlib import Path

from hydra_llm.search.log.events import Asked, BlockRecord, Event, Finished, Launched, Note, Told
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records.summary import block_summary, new_block
from hydra_llm.search.records.trial_section import TrialSection
from hydra_llm.search.settings import Settings

log = logging.getLogger(__name__)

NAME = "analysis.md"
ASIDE = "analysis.replaced.md"  # a file that is no beginning of the log: somebody edited it


class Journal:
    def __init__(self, state: SweepState, settings: Settings) -> None:
        self._state = state
        self._settings = settings
        self.pieces: list[str] = []
        self._open: list[int] = []  # trials that ended and have no entry yet
        self._closed: set[int] = set()
        self._next: dict[int, str] = {}  # slot -> parent of its latest proposal
        self._any_next = ""
        self._greeted = 0  # block whose first node was named
        self._summarised: tuple[int, int] = (0, 0)  # (block, trials that had ended)
        self._written: tuple[int, int] | None = None  # pieces and bytes on the disk, None before the first look

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    # ---- folding ----
    @singledispatchmethod
    def take(self, event: Event) -> None:
        """One event, after the state has taken it; most leave no trace here."""

    @take.register
    def _(self, event: Asked) -> None:
        for trial in event.trials:
            if trial.purpose == "search":
                parent = trial.proposal.parent
                self._any_next = "root" if parent is None else str(parent)
                self._next[trial.proposal.slot] = self._any_next

    @take.register
    def _(self, event: Launched) -> None:
        self._close(self._next)
        block = self._state.blocks[-1].index if self._state.blocks else 0
        first = next((n for n in event.numbers if self._state.trials[n].purpose == "search"), None)
        if block > 1 and self._greeted < block and first is not None:
            self._greeted = block
            self.pieces.append(f"Node: id={first}, parent=root\n\n")

    @take.register
    def _(self, event: Told) -> None:
        if self._state.trials[event.number].purpose == "search":
            self._open.append(event.number)

    @take.register
    def _(self, event: Note) -> None:
        """A line on a trial whose entry is written already is appended by itself."""
        number, kind = event.number, event.kind
        if number in self._closed and (kind == "observation" or kind.startswith("line:")):
            name = "Observation" if kind == "observation" else kind.removeprefix("line:")
            self.pieces.append(f"Addendum to Iter {number}: {name}: {event.text}\n\n")

    @take.register
    def _(self, event: BlockRecord) -> None:
        if not self._settings.n_iter_block:
            return
        if event.index == 1:
            values = ", ".join(f"{key}={value}" for key, value in event.values.items())
            self.pieces.append("# Block 1" + (f": {values}" if values else "") + "\n\n")
            return
        self._close({}, "root")
        self._summarise(event.index - 1)
        self.pieces.append(new_block(event, self._settings))

    @take.register
    def _(self, event: Finished) -> None:
        self._close({})
        if self._state.blocks:
            self._summarise(self._state.blocks[-1].index)

    def _close(self, following: dict[int, str], otherwise: str = "") -> None:
        for number in sorted(self._open):
            trial = self._state.trials[number]
            last = following.get(trial.proposal.slot, self._any_next if following else otherwise)
            self.pieces.append(TrialSection(trial, self._state, self._settings, last).text)
            self._closed.add(number)
        self._open = []

    def _summarise(self, index: int) -> None:
        ended = sum(trial.state.is_finished for trial in self._state.block_trials(index))
        if ended and self._summarised != (index, ended):
            self._summarised = (index, ended)
            self.pieces.append(block_summary(self._state.blocks[index - 1], self._state, self._settings))

    # ---- the file ----
    def write(self, folder: Path) -> None:
        """Append what is new to analysis.md. A file that is not the beginning of the log is moved aside first."""
        path = folder / NAME
        size = path.stat().st_size if path.is_file() else 0
        if self._written is None or self._written[1] != size:
            size = self._check(path, folder)
        else:
            size = self._append(path, "".join(self.pieces[self._written[0] :]).encode(errors="backslashreplace"), size)
        self._written = (len(self.pieces), size)

    def _check(self, path: Path, folder: Path) -> int:
        """Compare the whole file with the log, and complete it; returns its size in bytes."""
        present, whole = path.read_bytes() if path.is_file() else b"", self.text.encode(errors="backslashreplace")
        if not whole.startswith(present):
            path.replace(folder / ASIDE)
            log.warning("%s was edited. It is kept as %s, and the log is written again.", path, ASIDE)
            present = b""
        return self._append(path, whole[len(present) :], len(present))

    @staticmethod
    def _append(path: Path, more: bytes, size: int) -> int:
        if more or not size:
            with path.open("ab") as file:
                file.write(more)
        return size + len(more)
