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

from hydra_llm.search.trial.outcome import Outcome, timed_out
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Dispatch, Job
from hydra_llm.sweeper.dispatch.reader import Reader, outcome_of_launch_error
from hydra_llm.sweeper.dispatch.slurm import is_unreachable
from hydra_llm.sweeper.dispatch.watch import SchedulerWatch

log = logging.getLogger(__name__)

SUBMIT_PATIENCE_S = 1800.0  # a controller that is away for maintenance comes back
SUBMIT_PAUSES_S = (5.0, 60.0)  # between two attempts to submit: from, to
GRACE_S = 15.0  # a job stops itself at its limit; beyond this the sweep goes on without it
LATE_S = 10.0  # a job has written its result, and launch() does not return: the written one is taken
POLL_S = 1.0

Ended = tuple[list[Job], Sequence[JobReturn] | BaseException]


class ThreadDispatch(Dispatch):
    """`make_launcher` gives every job a launcher of its own. `limit_s` counts from the start of the job, not from its
    submission: time in a scheduler's queue is not the job's. `watch` finds jobs whose launch() would never return.
    """

    survives = True

    def __init__(
        self,
        make_launcher: Callable[[], Launcher],
        reader: Reader,
        n_slots: int,
        *,
        limit_s: float | None = None,
        watch: SchedulerWatch | None = None,
    ) -> None:
        super().__init__(reader, n_slots)
        self._make_launcher = make_launcher
        self._limit_s = limit_s
        self._watch = watch
        self._ended: queue.Queue[Ended] = queue.Queue()
        self._written: dict[int, float] = {}  # number -> when its result was first seen on disk

    def _begin(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._launch_aside([job], f"llm_ucb slot {job.slot}, trial {job.number}")

    def _launch_aside(self, jobs: list[Job], name: str) -> None:
        """One launch() for jobs of consecutive numbers, awaited in a thread."""
        launcher = self._make_launcher()
        threading.Thread(target=self._run, args=(jobs, launcher), name=name, daemon=True).start()

    def _run(self, jobs: list[Job], launcher: Launcher) -> None:
        try:
            self._ended.put((jobs, submit(launcher, jobs)))
        except BaseException as error:  # SystemExit too: a thread that ends silently would leave its slot taken
            self._ended.put((jobs, error))

    def wait(self, timeout_s: float) -> dict[int, Outcome]:
        end = time.monotonic() + timeout_s
        while True:
            patience = max(0.0, end - time.monotonic())
            try:
                jobs, result = self._ended.get(timeout=min(POLL_S, patience))
            except queue.Empty:
                outcomes = self._given_up()
                if outcomes or time.monotonic() >= end:
                    return outcomes
                continue
            awaited = [job for job in jobs if self.running.get(job.slot) == job]  # the others were given up earlier
            for job in awaited:
                del self.running[job.slot]
            outcomes = self._read([job.number for job in jobs], result)
            if awaited:
                return {job.number: outcomes[job.number] for job in awaited}

    def _read(self, numbers: list[int], result: Sequence[JobReturn] | BaseException) -> dict[int, Outcome]:
        if isinstance(result, SystemExit):
            return self._reader.after_exit(numbers, result.code)
        if isinstance(result, BaseException):
            names = ", ".join(map(str, numbers))
            log.warning("The launcher failed for trial %s (%s: %s).", names, type(result).__name__, result)
            return {number: outcome_of_launch_error(result, self._reader, number) for number in numbers}
        self._returned[numbers[0]] = result
        places = enumerate(numbers)
        return {number: self._reader.read(result[i] if i < len(result) else None, number) for i, number in places}

    def _given_up(self) -> dict[int, Outcome]:
        """Jobs whose launch() is not waited for any longer: they wrote their end down, or ran far beyond their limit.

        A scheduler may notice the death of a job minutes later than everybody else.
        """
        outcomes: dict[int, Outcome] = {}
        gone = self._watch.look(self.running.values()) if self._watch is not None else {}
        for slot, job in list(self.running.items()):
            outcome = self._written_end(job.number) or gone.get(job.number) or self._overdue(job.number)
            if outcome is not None:
                del self.running[slot]
                outcomes[job.number] = outcome
        return outcomes

    def _written_end(self, number: int) -> Outcome | None:
        outcome = self._reader.read_recorded_outcome(number)
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


def submit(launcher: Launcher, jobs: Sequence[Job]) -> Sequence[JobReturn]:
    """launch(), again and again while the scheduler can not be reached: nothing was submitted then."""
    end = time.monotonic() + SUBMIT_PATIENCE_S
    pause, longest = SUBMIT_PAUSES_S
    while True:
        try:
            return launcher.launch([job.overrides for job in jobs], initial_job_idx=jobs[0].number)
        except Exception as error:
            if not is_unreachable(str(error)) or time.monotonic() > end:
                raise
            names = ", ".join(str(job.number) for job in jobs)
            log.warning("The scheduler does not answer; trial %s is submitted again in %.0f s.", names, pause)
            time.sleep(pause)
            pause = min(2 * pause, longest)
