"""A thread per job, each in a launch() of its own, for launchers that hand the job to another process or machine.

Threads only wait here; the job runs elsewhere and outlives the sweeper, which asks the scheduler for it on resume. The
threads are daemons: a launch() that waits for a scheduler must not keep an interrupted sweep from ending.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

from hydra_llm.search.outcome import Outcome, timed_out
from hydra_llm.search.trial import TrialState
from hydra_plugins.hydra_llm_ucb_sweeper._dispatch import Dispatch, Job
from hydra_plugins.hydra_llm_ucb_sweeper._dispatch_read import Reader, outcome_of_launch_error

log = logging.getLogger(__name__)

GRACE_S = 15.0  # a job stops itself at its limit; beyond this the sweep goes on without it
LATE_S = 10.0  # a job has written its result, and launch() does not return: the written one is taken
POLL_S = 1.0

Ended = tuple[Job, Sequence[JobReturn] | BaseException]


class ThreadDispatch(Dispatch):
    """`make_launcher` gives every job a launcher of its own. `limit_s` counts from the start of the job, not from its
    submission: time in a scheduler's queue is not the job's.
    """

    survives = True

    def __init__(
        self, make_launcher: Callable[[], Launcher], reader: Reader, n_slots: int, *, limit_s: float | None = None
    ) -> None:
        super().__init__(reader, n_slots)
        self._make_launcher = make_launcher
        self._limit_s = limit_s
        self._ended: queue.Queue[Ended] = queue.Queue()
        self._written: dict[int, float] = {}  # number -> when its result was first seen on disk

    def _begin(self, jobs: list[Job]) -> None:
        for job in jobs:
            launcher = self._make_launcher()
            name = f"llm_ucb slot {job.slot}, trial {job.number}"
            threading.Thread(target=self._run, args=(job, launcher), name=name, daemon=True).start()

    def _run(self, job: Job, launcher: Launcher) -> None:
        try:
            self._ended.put((job, launcher.launch([job.overrides], initial_job_idx=job.number)))
        except BaseException as error:  # SystemExit too: a thread that ends silently would leave its slot taken
            self._ended.put((job, error))

    def wait(self, timeout_s: float) -> dict[int, Outcome]:
        end = time.monotonic() + timeout_s
        while True:
            patience = max(0.0, end - time.monotonic())
            try:
                job, result = self._ended.get(timeout=min(POLL_S, patience))
            except queue.Empty:
                outcomes = self._given_up()
                if outcomes or time.monotonic() >= end:
                    return outcomes
                continue
            if self.running.get(job.slot) != job:
                continue  # given up earlier; its slot has another job
            del self.running[job.slot]
            return {job.number: self._read(job.number, result)}

    def _read(self, number: int, result: Sequence[JobReturn] | BaseException) -> Outcome:
        if isinstance(result, SystemExit):
            return self._reader.after_exit([number], result.code)[number]
        if isinstance(result, BaseException):
            log.warning("The launcher failed for trial %d (%s: %s).", number, type(result).__name__, result)
            return outcome_of_launch_error(result, self._reader, number)
        self._returned[number] = result
        return self._reader.read(result[0] if result else None, number)

    def _given_up(self) -> dict[int, Outcome]:
        """Jobs whose launch() is not waited for any longer: they wrote their end down, or ran far beyond their limit.

        A scheduler may notice the death of a job minutes later than everybody else.
        """
        outcomes: dict[int, Outcome] = {}
        for slot, job in list(self.running.items()):
            outcome = self._written_end(job.number) or self._overdue(job.number)
            if outcome is not None:
                del self.running[slot]
                outcomes[job.number] = outcome
        return outcomes

    def _written_end(self, number: int) -> Outcome | None:
        outcome = self._reader.harvest(number)
        if outcome is None:
            return None
        seen = self._written.setdefault(number, time.monotonic())
        late = outcome.state is TrialState.TIMEOUT or time.monotonic() - seen > LATE_S
        return outcome if late else None

    def _overdue(self, number: int) -> Outcome | None:
        if self._limit_s is None:
            return None
        began = (self._reader.started(number) or {}).get("time")
        if began is None or time.time() - began <= self._limit_s + GRACE_S:
            return None
        folder = self._reader.default_folder(number)
        return timed_out(self._limit_s, folder=folder, started=began, ended=time.time())
