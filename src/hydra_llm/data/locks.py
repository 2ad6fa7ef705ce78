"""The right to write something, held by one process at a time."""

import contextlib
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock file `path`, whose folder exists. The kernel takes it back from a process that dies.

    waiting: logged where another process holds it. On a file system without locks nobody waits.
    """
    with path.open("w") as file:
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("%s", waiting)
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
