"""Processes: forking one, waiting for its end, whether one lives."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

PAUSE_S = 0.005  # between two looks at a process that is about to end


def fork(child: Callable[[], Any]) -> int:
    """Run `child` in a forked process that never returns to the caller's code; its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        child()
        code = 0
    except BaseException:  # a driver has no caller to raise to
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def reap(pid: int, limit_s: float) -> int | None:
    """Exit code of a child that ends within `limit_s` seconds, -N after signal N; None when it goes on.

    Raises ChildProcessError for a process that was reaped before.
    """
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(PAUSE_S)
    return None


def process_alive(pid: int) -> bool:
    """Whether a process of this host exists (a zombie does not count)."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
