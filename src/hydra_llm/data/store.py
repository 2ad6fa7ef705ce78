"""Datasets on disk, addressed by content.

<root>/<fingerprint>/observations/   what an experimenter records, and the oracle's drift in files of its own
<root>/<fingerprint>/truth/          weights, types and parameters
<root>/<fingerprint>/record.json     configuration, versions, and every file with its size

A dataset is written beside its place and renamed into it, so that a reader sees a whole one or none. Processes that
want the same dataset wait for the one that writes it and share the result; without working file locks (some network
file systems) each writes its own and the first rename wins.
"""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydra_llm.data.draft import FLUSH_INTERVAL_S, Draft, draft_name
from hydra_llm.data.drafts import find_draft, leftovers
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import read_json, sync_folder
from hydra_llm.data.fingerprint import fingerprint
from hydra_llm.data.observations import Observations
from hydra_llm.data.truth import Truth
from hydra_llm.dataset_names import INCOMPLETE, RECORD
from hydra_llm.systems.base import System

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dataset:
    """A complete dataset. Its two parts are opened apart: training gets the observations only."""

    path: Path

    @property
    def fingerprint(self) -> str:
        return self.path.name

    def observations(self) -> Observations:
        return Observations.open(self.path)

    def truth(self) -> Truth:
        return Truth.open(self.path)


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

    @contextlib.contextmanager
    def lock(self, system: System) -> Iterator[None]:
        """Hold the right to write the dataset of a system. The kernel takes it back from a process that dies."""
        folder = self.root / ".locks"
        self._make(folder)
        with (folder / fingerprint(system)).open("w") as file:
            with contextlib.suppress(OSError):  # no locks on this file system: the rename decides
                fcntl.flock(file, fcntl.LOCK_EX)
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
        check_space(self.root, system, written=_size(folder))
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
        files = read_json(path / RECORD)["files"]
    except (DatasetError, KeyError, TypeError) as error:
        return f"{RECORD} cannot be used ({error})."
    for name, size in files.items():
        file = path / name
        if not file.exists():
            return f"{name} is missing."
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size} bytes instead of {size}."
    return None


def check_space(root: Path, system: System, *, written: int = 0) -> None:
    """Raise DatasetError if the recording of a system does not fit on the disk. written: bytes of it that are there."""
    itemsize = np.dtype(system.dtype).itemsize
    needed = sum(system.n_frames.values()) * sum(system.arrays().values()) * itemsize - written
    free = shutil.disk_usage(root).free
    if needed > free:
        raise DatasetError(
            f"The recording needs {needed / 1e9:.2f} GB in {root}, {free / 1e9:.2f} GB are free. Record fewer frames "
            "or a smaller system, free some space, or set paths.datasets to a folder on another disk."
        )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _read_only(root: Path) -> str:
    return f"The dataset folder {root} cannot be written. Choose another folder, or grant write access to it."
