"""One writer per sweep folder: a lock file with host, process id and a heartbeat.

The lock is stale at once when its process is dead on the same host; from another host it is stale when the heartbeat is
older than STALE_AFTER_S.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from hydra_llm.atomic_write import write_text

LOCK_NAME = ".lock"
STALE_AFTER_S = 120.0
BEAT_S = 30.0


class LockedError(RuntimeError):
    """Another process writes to this sweep folder."""


def process_alive(pid: int) -> bool:
    """Whether a process of this host exists (a zombie does not count)."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def holder(folder: Path) -> str:
    """`pid on host` of the process that works on a sweep folder, "" when none does."""
    lock = FolderLock(folder)
    record = lock.record()
    return f"{record['pid']} on {record['host']}" if lock.is_held_by(record) else ""


class FolderLock:
    """Context manager; `beat` refreshes the heartbeat and is cheap enough to be called once per trial."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = folder / LOCK_NAME
        self._clock = clock

    def __enter__(self) -> FolderLock:
        for _ in range(2):
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                self._refuse_if_alive()
                self.path.unlink(missing_ok=True)
                continue
            with os.fdopen(handle, "w") as file:
                file.write(self._text())
            return self
        raise LockedError(f"{self.path} is taken by another process that started at the same moment. Try again.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        record = self.record()
        if record.get("pid") == os.getpid() and record.get("host") == socket.gethostname():
            self.path.unlink(missing_ok=True)

    @contextmanager
    def kept(self, every_s: float = BEAT_S) -> Iterator[None]:
        """Beats from a thread while the caller waits for something slow, such as a language model."""
        over = threading.Event()

        def beat_on() -> None:
            while not over.wait(every_s):
                with suppress(OSError):  # a beat that is late is better than a sweep that ends
                    self.beat()

        thread = threading.Thread(target=beat_on, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def beat(self) -> None:
        write_text(self.path, self._text())

    def _text(self) -> str:
        return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "heartbeat": self._clock()})

    def record(self) -> dict[str, Any]:
        """Who wrote the lock file; {} without one."""
        try:
            return json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}

    def is_held_by(self, record: dict[str, Any]) -> bool:
        """Whether the process of a record is alive and another one than this."""
        pid, host = record.get("pid"), record.get("host")
        if not isinstance(pid, int):
            return False  # half-written by a process that died
        if host == socket.gethostname():
            return pid != os.getpid() and process_alive(pid)
        return self._clock() - float(record.get("heartbeat", 0.0)) < STALE_AFTER_S

    def _refuse_if_alive(self) -> None:
        record = self.record()
        if self.is_held_by(record):
            raise LockedError(
                f"The sweep folder {self.path.parent} is in use by process {record['pid']} on {record['host']}. "
                "Wait for it, stop it, or choose another hydra.sweep.dir."
            )
