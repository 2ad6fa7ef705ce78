"""A driver: what runs in the forked processes of a slot.

Two processes per slot. The keeper is forked when the sweep starts, while the sweeper has one thread and nothing heavy
in memory, and stays as it was born. It forks a worker, which runs launch() for job after job; when a job kills the
worker, overruns its time or fails, the keeper terminates it and forks a clean one. So no process is ever forked from a
sweeper that has threads by now, and a job inherits nothing from a failed one.

The keeper ends, and kills the worker's process group, as soon as the pipe to the sweeper closes: drivers die with their
parent, whatever killed it. Messages are pickles; the answer of a job is (kind, payload), see `Reply`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import random
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from hydra_llm.search.trial.outcome import error_text
from hydra_llm.sweeper.dispatch.process import fork, reap

Reply = tuple[str, Any]
# ("returned", pickled [JobReturn]) | ("exit", code) | ("raised", text) | ("died", status) | ("timeout", limit in s)
# | ("interrupted", None)

PR_SET_PDEATHSIG = 1
REAP_S = 5.0  # how long a worker that was told to go may take


def supervise(sweeper: Connection, launcher: Launcher, environment: Mapping[str, str]) -> None:
    """What the keeper does: a job in, an answer out, until the sweeper closes the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):  # these reach the whole group; the sweeper decides
        signal.signal(number, signal.SIG_IGN)
    worker: Worker | None = None
    try:
        while True:
            message = sweeper.recv_bytes()
            worker = worker or Worker(sweeper, launcher, environment)
            reply, healthy = worker.run(message, sweeper)
            if not healthy:
                worker.terminate()
                worker = None
            sweeper.send_bytes(pickle.dumps(reply))
    except (EOFError, OSError):
        if worker is not None:
            worker.terminate()


class Worker:
    """The keeper's handle on the process that runs the jobs; a leader of its own process group."""

    def __init__(self, sweeper: Connection, launcher: Launcher, environment: Mapping[str, str]) -> None:
        self._connection, other = Pipe()

        def main() -> None:
            sweeper.close()
            self._connection.close()
            work(other, launcher, environment)

        self._pid = fork(main)
        with contextlib.suppress(OSError):  # the child does the same; the order does not matter
            os.setpgid(self._pid, self._pid)
        other.close()

    def run(self, message: bytes, sweeper: Connection) -> tuple[Reply, bool]:
        """The answer to a job, and whether the worker may go on. Raises EOFError when the sweeper is gone."""
        limit_s = pickle.loads(message)[2]
        self._connection.send_bytes(message)
        ready = wait([self._connection, sweeper], limit_s)
        if sweeper in ready:
            raise EOFError("the sweeper closed the pipe")
        if not ready:
            return ("timeout", limit_s), False
        try:
            reply, healthy = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            return ("died", self._status()), False
        return reply, healthy

    def terminate(self) -> None:
        """End the worker and everything that it started."""
        self._connection.close()
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.waitpid(self._pid, 0)

    def _status(self) -> str:
        """In words, how the worker ended."""
        code = None
        with contextlib.suppress(ChildProcessError):
            code = reap(self._pid, REAP_S)
        if code is None:
            return "its process closed the pipe"
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"


def work(keeper: Connection, launcher: Launcher, environment: Mapping[str, str]) -> None:
    """What the worker does: launch() for each job that arrives."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(environment)
    _limit_threads(environment)
    _reseed()
    while True:
        try:
            number, overrides, _ = pickle.loads(keeper.recv_bytes())
        except EOFError:
            return
        keeper.send_bytes(pickle.dumps(run_one(launcher, number, overrides)))


def run_one(launcher: Launcher, number: int, overrides: list[str]) -> tuple[Reply, bool]:
    """One launch(), and whether this process may take another job: not after any kind of failure."""
    import cloudpickle

    try:
        results = launcher.launch([overrides], initial_job_idx=number)
    except SystemExit as error:
        return ("exit", error.code if isinstance(error.code, int | str | None) else 1), False
    except KeyboardInterrupt:  # the task's own: the sweeper's never comes here
        return ("interrupted", None), False
    except BaseException as error:
        return ("raised", f"{type(error).__name__}: {error_text(error)}"), False
    healthy = all(result.status is JobStatus.COMPLETED for result in results)
    try:
        return ("returned", cloudpickle.dumps(list(results))), healthy
    except Exception as error:  # a return value that does not pickle; the job's own record has its numbers
        return ("raised", f"the result does not pickle ({type(error).__name__}: {error_text(error)})"), healthy


def read_returned(payload: bytes) -> list[JobReturn]:
    return pickle.loads(payload)


def _die_with_parent() -> None:
    """On Linux the worker is killed when the keeper is, should even that happen."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_threads(environment: Mapping[str, str]) -> None:
    """A library that is loaded already does not read its environment again."""
    torch: Any = sys.modules.get("torch")
    count = environment.get("OMP_NUM_THREADS")
    if torch is not None and count:
        torch.set_num_threads(int(count))


def _reseed() -> None:
    """Slots are forked from one process; without this an unseeded task would draw the same numbers in each of them."""
    random.seed()
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
