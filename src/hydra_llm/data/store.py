"""Datasets on disk, addressed by content.

<root>/<fingerprint>/observations/   what an experimenter records
<root>/<fingerprint>/oracle/         the derivative that the simulator knows, added where it is asked for
<root>/<fingerprint>/truth/          weights, types and parameters, noise levels, the integrator, states behind noise
<root>/<fingerprint>/oracle_reports/ what oracles found, added by the first run that asks
<root>/<fingerprint>/record.json     configuration, versions, and every file with its size

A dataset is written beside its place and renamed into it, so that a reader sees a whole one or none. Processes that
want the same dataset wait for the one that writes it and share the result; without working file locks (some network
file systems) each writes its own and the first rename wins.
"""

import contextlib
import errno
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.draft import FLUSH_INTERVAL_S, Draft, draft_name
from hydra_llm.data.drafts import find_draft, leftovers
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import read_json, sync_folder
from hydra_llm.data.fingerprint import SCHEMA, fingerprint
from hydra_llm.data.locks import locked
from hydra_llm.data.oracle_draft import has_oracle, place_oracle, write_oracle
from hydra_llm.dataset_names import INCOMPLETE, LOCKS, ORACLE, RECORD
from hydra_llm.systems.base import System

log = logging.getLogger(__name__)


class DatasetStore:
    """The datasets below one folder."""

    def __init__(self, root: Path | str, flush_interval_s: float = FLUSH_INTERVAL_S) -> None:
        self.root = Path(root)
        self._flush_interval_s = flush_interval_s

    def path(self, system: System) -> Path:
        return self.root / fingerprint(system)

    def find(self, system: System) -> Dataset | None:
        """The dataset of a system, or None. A damaged one counts as none; the log says what is wrong with it."""
        path = self.path(system)
        if not path.exists():
            return None
        fault = find_fault(path)
        if fault is None:
            return Dataset(path)
        log.warning("The dataset %s is incomplete: %s It will be simulated again.", path, fault)
        return None

    def missing(self, system: System) -> float:
        """Bytes that have still to be written of the recording of a system that is not stored."""
        left = find_draft(self.root, fingerprint(system)) if system.independent_segments else None
        return recording_bytes(system, system.arrays()) - (0 if left is None else _size(left))

    @contextlib.contextmanager
    def lock(self, system: System) -> Iterator[None]:
        """Hold the right to write the dataset of a system. The kernel takes it back from a process that dies."""
        folder = self.root / LOCKS
        self._make(folder)
        with locked(folder / fingerprint(system), "Another run simulates the same; waiting for it ..."):
            yield

    @contextlib.contextmanager
    def draft(self, system: System) -> Iterator[Draft]:
        """A draft that is put in place when the block ends, and removed when it fails.

        One that a killed process left is continued. An interrupt (not an error) keeps what there is for the next time.
        Raises DatasetError, among others where the disk has too little room.
        """
        self._make(self.root)
        name = fingerprint(system)
        folder = self.root / draft_name(name)
        left = find_draft(self.root, name) if system.independent_segments else None
        if left is not None:
            left.rename(folder)
        self.clean()
        check_space(self.root, system, system.arrays(), written=_size(folder))
        try:
            draft = Draft(folder, system, name, self._flush_interval_s)
        except PermissionError as error:
            raise DatasetError(_read_only(self.root)) from error
        kept = False
        try:
            yield draft
            draft.finish()
            self._place(draft, self.root / name)
        except (KeyboardInterrupt, SystemExit):
            kept = draft.suspend()
            raise
        finally:
            if not kept:
                draft.discard()

    def add_oracle(self, system: System) -> Dataset:
        """The dataset of a system, with the oracle derivative in it; it is computed from the states that are there.

        Raises DatasetError where the system has not been simulated, or the dataset cannot be written.
        """
        dataset = self.find(system)
        if dataset is None:
            raise DatasetError(f"{self.path(system)} does not exist. Simulate the system before asking for its oracle.")
        if has_oracle(dataset.path):
            return dataset
        with self.lock(system):
            if has_oracle(dataset.path):  # another process has added it while this one waited
                return dataset
            folder = self.root / draft_name(dataset.fingerprint)
            check_space(self.root, system, {"drift": system.n_units})
            shutil.rmtree(dataset.path / ORACLE, ignore_errors=True)  # one that cannot be read
            try:
                write_oracle(folder, dataset, system)
                place_oracle(folder, dataset.path)
            except PermissionError as error:
                raise DatasetError(_read_only(dataset.path)) from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        log.info("Added the oracle derivative to %s.", dataset.path)
        return dataset

    def clean(self) -> None:
        """Remove what killed processes left behind and cannot be continued."""
        for path in leftovers(self.root):
            log.info("Removing %s, left by a process that ended while writing it.", path)
            shutil.rmtree(path, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (PermissionError, NotADirectoryError, FileNotFoundError, FileExistsError) as error:
            raise DatasetError(_read_only(self.root)) from error
        except OSError as error:
            if error.errno == errno.EROFS:
                raise DatasetError(_read_only(self.root)) from error
            raise
        if not os.access(folder, os.W_OK):
            raise DatasetError(_read_only(self.root))

    @staticmethod
    def _place(draft: Draft, path: Path) -> None:
        while True:
            try:
                draft.folder.rename(path)
                sync_folder(path.parent)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            if find_fault(path) is None:
                log.info("Another process has written %s meanwhile; it is shared.", path)
                return
            aside = path.with_name(f"{path.name}{INCOMPLETE}{time.time_ns()}")
            with contextlib.suppress(FileNotFoundError):
                path.rename(aside)
                log.warning("The incomplete dataset %s was moved to %s.", path, aside)


def find_fault(path: Path) -> str | None:
    """What is wrong with a dataset folder, as a sentence, or None."""
    if not (path / RECORD).exists():
        return f"{RECORD} is missing, as if a process was stopped while copying or deleting it."
    try:
        record = read_json(path / RECORD)
        schema, files = record["schema"], record["files"]
    except (DatasetError, KeyError, TypeError) as error:
        return f"{RECORD} cannot be used ({error})."
    if schema != SCHEMA:
        return f"It is laid out as schema {schema}, this version reads schema {SCHEMA}."
    for name, size in files.items():
        file = path / name
        if not file.exists():
            return f"{name} is missing."
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size} bytes instead of {size}."
    return None


def check_space(root: Path, system: System, arrays: Mapping[str, int], *, written: int = 0) -> None:
    """Raise DatasetError if arrays (name -> columns) of all frames do not fit on the disk. written: bytes of them that
    are there.
    """
    needed = recording_bytes(system, arrays) - written
    free = shutil.disk_usage(root).free
    if needed > free:
        raise DatasetError(
            f"The recording needs {needed / 1e9:.2f} GB in {root}, {free / 1e9:.2f} GB are free. Record fewer frames "
            "or a smaller system, free some space, or set paths.datasets to a folder on another disk."
        )


def recording_bytes(system: System, arrays: Mapping[str, int]) -> float:
    """Of arrays (name -> columns) of all frames."""
    return float(sum(system.n_frames.values()) * sum(arrays.values()) * np.dtype(system.dtype).itemsize)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _read_only(root: Path) -> str:
    return f"The dataset folder {root} cannot be written. Choose another folder, or grant write access to it."
