"""Test cases that every storage of events must pass; inherit and say how one is opened on a folder.

    class TestMyLog(StorageConformance):
        def open(self, folder: Path) -> Storage:
            return MyLog(folder / "log")

A storage holds events in order. What was appended is there for the next one that opens the folder, whatever
happened to the program in between. Plain classes with assertions: any test runner that collects `test_` methods and
gives `tmp_path` will do.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hydra_llm.search.log.events import Asked, AskedTrial, BlockRecord, Event, Launched, Note, Told
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState
from hydra_llm.search.trial.trial import Change, Prediction, Proposal

FIRST = Note("memory", "the first line", "test", 1)


class Storage(Protocol):
    """`events` are those that were there when it was opened; `append` returns when they cannot be lost any more, and
    with wait=False when they survive the end of the program.
    """

    @property
    def events(self) -> Sequence[Event]: ...

    def append(self, *events: Event, wait: bool = True) -> None: ...

    def close(self) -> None: ...


class StorageConformance:
    """What any storage owes."""

    def open(self, folder: Path) -> Storage:
        raise NotImplementedError("A subclass says how the storage under test is opened on a folder.")

    def stored(self, folder: Path) -> list[Event]:
        storage = self.open(folder)
        try:
            return list(storage.events)
        finally:
            storage.close()

    def test_a_new_storage_is_empty(self, tmp_path: Path) -> None:
        assert self.stored(tmp_path) == []

    def test_events_come_back_equal_and_in_order(self, tmp_path: Path) -> None:
        values = {"lr": 1e-05, "net": "ü\n\"'", "none": None, "flag": True, "big": 2**53}
        changes = (Change("lr", None, 1e-05),)
        proposal = Proposal(0, "free", "exploit", None, values, changes, prediction=Prediction(0.0, 1.0))
        error = TrialError("E", "ä", "line\n")
        events = [
            FIRST,
            Asked(0.5, 1, (AskedTrial(0, proposal, {"seed": 3}),)),
            Told(0, Outcome(TrialState.FAILED, -1.2e-05, {"a/b": 1e-300}, error, "f", None, 2.5)),
        ]
        storage = self.open(tmp_path)
        storage.append(events[0])
        storage.append(*events[1:])
        storage.close()
        assert self.stored(tmp_path) == events

    def test_a_later_session_appends_and_changes_nothing(self, tmp_path: Path) -> None:
        for text in ("one", "two", "three"):
            storage = self.open(tmp_path)
            storage.append(Note("memory", text, "test", 1))
            storage.close()
        assert [event.text for event in self.stored(tmp_path) if isinstance(event, Note)] == ["one", "two", "three"]

    def test_events_are_there_without_close(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        storage.append(FIRST)
        assert self.stored(tmp_path) == [FIRST]
        storage.close()

    def test_appended_events_survive_a_program_that_dies_at_once(self, tmp_path: Path) -> None:
        for wait in (True, False):
            process = multiprocessing.get_context("fork").Process(target=_append_and_die, args=(self, tmp_path, wait))
            process.start()
            process.join(60)
            assert process.exitcode == 9
        assert self.stored(tmp_path) == [Launched(1.0, (1,)), Launched(0.0, (0,))]

    def test_nothing_is_stored_of_an_event_that_has_no_json_form(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        storage.append(FIRST)
        for bad in (BlockRecord(1, {"a": object()}), Told(0, Outcome(TrialState.COMPLETED, float("nan")))):
            try:
                storage.append(FIRST, bad)
            except (TypeError, ValueError):
                continue
            raise AssertionError(f"{bad} was accepted")
        storage.close()
        assert self.stored(tmp_path) == [FIRST]

    def test_no_event_appended_is_no_event_stored(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        storage.append()
        storage.close()
        assert self.stored(tmp_path) == []


def _append_and_die(case: StorageConformance, folder: Path, wait: bool) -> None:
    case.open(folder).append(Launched(float(wait), (int(wait),)), wait=wait)
    os._exit(9)
