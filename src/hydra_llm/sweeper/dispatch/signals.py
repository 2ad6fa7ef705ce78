"""Ctrl-C and SIGTERM: the first leaves a sweep that can be continued, the second ends everything at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptible:
    """Context manager. The first signal raises KeyboardInterrupt in the main thread; the next calls `at_once` and
    leaves the process with 128 + signal. Outside the main thread signals cannot be handled, and nothing changes.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._is_held = False
        self.at_once: Callable[[], None] = lambda: None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruptible:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it the first signal waits for the end: what is being written down is written down whole."""
        before, self._is_held = self.received, True
        try:
            yield
        finally:
            self._is_held = False
        if self.received != before:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt again if a task has swallowed the one of the signal, as Lightning does: it ends its
        process with an exit code, which would pass for a failed trial.
        """
        if self.received is not None:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            if not self._is_held:
                raise KeyboardInterrupt
            return
        self.at_once()
        os._exit(128 + number)
