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
from hydra_llm.sweeper.dispatch.base import Dispatch, Ended, Launch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.slurm import is_unreachable
from hydra_llm.sweeper.dispatch.watch import SchedulerWatch

log = logging.getLogger(__name__)

SUBMIT_PATIENCE_S = 1800.0  # a controller that is away for maintenance comes back
SUBMIT_PAUSES_S = (5.0, 60.0)  # between two attempts to submit: from, to

Returned = tuple[list[Launch], Sequence[JobReturn] | BaseException]


class ThreadDispatch(Dispatch):
    """`make_launcher` gives every launch a launcher of its own. `limit_s` counts from the start of the job, not from
    its submission: time in a scheduler's queue is not the job's. `watch` finds jobs whose launch() would never return.

    A job stops itself at its limit; `grace_s` beyond it the sweep goes on without it. `late_s` after a job wrote its
    result, that is taken although launch() does not return. Both are looked at every `poll_s`. All in seconds.
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
        grace_s: float = 15.0,
        late_s: float = 10.0,
        poll_s: float = 1.0,
    ) -> None:
        super().__init__(reader, n_slots)
        self._make_launcher = make_launcher
        self._limit_s = limit_s
        self._watch = watch
        self._grace_s, self._late_s, self._poll_s = grace_s, late_s, poll_s
        self._ended: queue.Queue[Returned] = queue.Queue()
        self._written: dict[int, float] = {}  # number -> when its result was first seen on disk

    def _begin(self, launches: list[Launch]) -> None:
        for launch in launches:
            self._launch_aside([launch], f"llm_ucb slot {launch.slot}, trial {launch.number}")

    def _launch_aside(self, launches: list[Launch], name: str) -> None:
        """One launch() for consecutive numbers, awaited in a thread."""
        launcher = self._make_launcher()
        threading.Thread(target=self._run, args=(launches, launcher), name=name, daemon=True).start()

    def _run(self, launches: list[Launch], launcher: Launcher) -> None:
        try:
            self._ended.put((launches, submit(launcher, launches)))
        except BaseException as error:  # SystemExit too: a thread that ends silently would leave its slot taken
            self._ended.put((launches, error))

    def wait(self, timeout_s: float) -> dict[int, Ended]:
        end = time.monotonic() + timeout_s
        while True:
            left = max(0.0, end - time.monotonic())
            try:
                launches, result = self._ended.get(timeout=min(self._poll_s, left))
            except queue.Empty:
                outcomes = self._given_up()
                if outcomes or time.monotonic() >= end:
                    return outcomes
                continue
            awaited = [launch for launch in launches if self.running.get(launch.slot) == launch]  # not given up earlier
            for launch in awaited:
                del self.running[launch.slot]
            outcomes = self._outcomes([launch.number for launch in launches], result)
            if awaited:
                return {launch.number: outcomes[launch.number] for launch in awaited}

    def _given_up(self) -> dict[int, Ended]:
        """Jobs whose launch() is not waited for any longer: they wrote their end down, or ran far beyond their limit.

        A scheduler may notice the death of a job minutes later than everybody else.
        """
        outcomes: dict[int, Ended] = {}
        gone = self._watch.look(self.running.values()) if self._watch is not None else {}
        for slot, launch in list(self.running.items()):
            number = launch.number
            outcome = self._written_end(number) or gone.get(number) or self._overdue(number)
            if outcome is not None:
                del self.running[slot]
                outcomes[number] = outcome
        return outcomes

    def _written_end(self, number: int) -> Outcome | None:
        outcome = self._reader.read_recorded_outcome(number)
        if outcome is None:
            return None
        seen = self._written.setdefault(number, time.monotonic())
        late = outcome.state is TrialState.TIMEOUT or time.monotonic() - seen > self._late_s
        return outcome if late else None

    def _overdue(self, number: int) -> Outcome | None:
        if self._limit_s is None:
            return None
        began = (self._reader.started(number) or {}).get("time")
        if began is None or time.time() - began <= self._limit_s + self._grace_s:
            return None
        folder = self._reader.default_folder(number)
        return timed_out(self._limit_s, folder=folder, started=began, ended=time.time())


def submit(launcher: Launcher, launches: Sequence[Launch]) -> Sequence[JobReturn]:
    """launch(), again and again while the scheduler cannot be reached: nothing was submitted then."""
    end = time.monotonic() + SUBMIT_PATIENCE_S
    pause, longest = SUBMIT_PAUSES_S
    while True:
        try:
            return launcher.launch([launch.overrides for launch in launches], initial_job_idx=launches[0].number)
        except Exception as error:
            if not is_unreachable(str(error)) or time.monotonic() > end:
                raise
            names = ", ".join(str(launch.number) for launch in launches)
            log.warning("The scheduler does not answer; trial %s is submitted again in %.0f s.", names, pause)
            time.sleep(pause)
            pause = min(2 * pause, longest)
