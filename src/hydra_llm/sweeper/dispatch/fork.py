"""A forked driver per slot, for launchers that work in the sweeper's own process (basic) or in its children (joblib).

Each slot gets its next job as soon as it is free. Jobs share nothing: not HydraConfig, not the working directory, not
the root logger, not the environment.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from hydra.plugins.launcher import Launcher

from hydra_llm.search.trial.outcome import timed_out
from hydra_llm.sweeper.dispatch.base import Dispatch, Ended, Launch
from hydra_llm.sweeper.dispatch.driver import REAP_S, Reply, read_returned, supervise
from hydra_llm.sweeper.dispatch.process import fork, reap
from hydra_llm.sweeper.dispatch.reader import Reader


class ForkDispatch(Dispatch):
    """Forks in the constructor: build it before anything starts a thread.

    `limit_s` is the time limit of a job in seconds, None for none; `environment` is set in every driver.
    """

    def __init__(
        self,
        launcher: Launcher,
        reader: Reader,
        n_slots: int,
        *,
        environment: Mapping[str, str],
        limit_s: float | None = None,
    ) -> None:
        super().__init__(reader, n_slots)
        self._launcher = launcher
        self._environment = environment
        self._limit_s = limit_s
        self._pipes: dict[int, Connection] = {}
        self._pids: dict[int, int] = {}
        for slot in range(n_slots):
            self._spawn(slot)

    def _spawn(self, slot: int) -> None:
        ours, theirs = Pipe()
        others = [*self._pipes.values(), ours]

        def main() -> None:
            for connection in others:  # else no driver would ever see the sweeper's end of its pipe close
                connection.close()
            supervise(theirs, self._launcher, self._environment)

        self._pids[slot] = fork(main)
        self._pipes[slot] = ours
        theirs.close()

    def _begin(self, launches: list[Launch]) -> None:
        for launch in launches:
            message = pickle.dumps((launch.number, launch.overrides, self._limit_s))
            try:
                self._pipes[launch.slot].send_bytes(message)
            except OSError:  # the keeper itself was killed while it waited
                self._respawn(launch.slot)
                self._pipes[launch.slot].send_bytes(message)

    def wait(self, timeout_s: float) -> dict[int, Ended]:
        slots = {self._pipes[slot]: slot for slot in self.running}
        outcomes: dict[int, Ended] = {}
        for ready in wait(list(slots), timeout_s):
            assert isinstance(ready, Connection)
            slot = slots[ready]
            number = self.running.pop(slot).number
            try:
                reply: Reply = pickle.loads(ready.recv_bytes())
            except (EOFError, OSError):
                self._respawn(slot)
                reply = ("died", "its driver was killed")
            outcomes[number] = self._read(number, reply)
        return outcomes

    def _read(self, number: int, reply: Reply) -> Ended:
        kind: str = reply[0]
        payload: Any = reply[1]
        if kind == "returned":
            try:
                results = read_returned(payload)
            except Exception as error:  # a result whose class this process cannot import
                kind, payload = "raised", f"the result cannot be read ({type(error).__name__}: {error})"
            else:
                return self._outcomes([number], results)[number]
        if kind == "exit":
            return self._outcomes([number], SystemExit(payload))[number]
        if kind == "interrupted":
            return self._outcomes([number], KeyboardInterrupt())[number]
        if kind == "timeout":  # it may have finished in its last moment
            folder = self._reader.default_folder(number)
            return self._reader.read_recorded_outcome(number) or timed_out(payload, folder=folder, ended=time.time())
        reason = f"the launcher failed: {payload}" if kind == "raised" else f"{payload}, and it left no result"
        return self._reader.recorded_or_lost(number, reason)

    def close(self) -> None:
        """Close the pipes: every keeper then kills its worker's process group and ends."""
        for pipe in self._pipes.values():
            pipe.close()
        self._pipes = {}
        deadline = time.monotonic() + REAP_S
        for pid in self._pids.values():
            _end(pid, deadline - time.monotonic())
        self._pids = {}

    def _respawn(self, slot: int) -> None:
        """Another driver in the place of one that was killed."""
        self._pipes.pop(slot).close()
        _end(self._pids.pop(slot), REAP_S)
        self._spawn(slot)


def _end(pid: int, limit_s: float) -> None:
    """Wait for a process to end, and kill it after the limit."""
    with contextlib.suppress(OSError):
        if reap(pid, limit_s) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
