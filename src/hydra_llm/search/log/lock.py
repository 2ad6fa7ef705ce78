"""One writer per sweep folder: a lock of the operating system on the file `.lock`.

The system takes the lock back from a process that ends, however it ends, so no lock is ever stale. The file stays when
the lock is given back, empty: to remove it would let two processes lock two files of the same name.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

log = logging.getLogger(__name__)

LOCK_NAME = ".lock"
PATIENCE_S = 1.0  # somebody who only asks who holds a lock holds it himself for a moment
PAUSE_S = 0.05
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # of a file system without them
_open: set[int] = set()  # descriptors of held locks


class LockedError(RuntimeError):
    """Another process writes to this sweep folder."""


def holder(folder: Path) -> str:
    """`PID on HOST` of the process that works on a sweep folder, "" when none does or nobody can tell."""
    try:
        with (folder / LOCK_NAME).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "unknown"
    except OSError:
        return ""
    return ""


class FolderLock:
    """Context manager. Raises LockedError when another process holds the folder, and warns on a file system that has
    no locks.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        self._file: int | None = None

    def __enter__(self) -> FolderLock:
        try:
            self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o644)
            _open.add(self._file)
            self._take(self._file)
        except OSError as error:
            self._let_go()
            raise LockedError(
                f"{self.path} cannot be written ({error.strerror}). Make room or the folder writable, or set "
                "hydra.sweep.dir to another one."
            ) from error
        except BaseException:
            self._let_go()
            raise
        with suppress(OSError):  # who it is helps others; the lock holds without
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()} on {socket.gethostname()}\n".encode())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
        self._let_go()

    def _take(self, file: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(PAUSE_S)
                    continue
                who = os.pread(file, 300, 0).decode(errors="replace").strip()
                by = f"process {who}" if who else "another process"
                raise LockedError(
                    f"The sweep folder {self.path.parent} is in use by {by}. "
                    "Wait for it, stop it, or choose another hydra.sweep.dir."
                ) from None
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                log.warning(
                    "The file system of %s has no locks (%s): make sure that no second command works on this sweep.",
                    self.path.parent,
                    error.strerror,
                )
                return None

    def _let_go(self) -> None:
        if self._file is not None:
            _open.discard(self._file)
            os.close(self._file)
            self._file = None


def _leave_to_parent() -> None:
    """A forked process shares the lock: one that outlives the sweeper would go on holding it."""
    for file in _open:
        with suppress(OSError):
            os.close(file)
    _open.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
