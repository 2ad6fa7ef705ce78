"""The closed loop: ask -> validate -> launch -> tell, slot by slot, over whatever launcher Hydra has."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from hydra_llm.search.study import Study
from hydra_llm.search.trial.outcome import lost
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.artifacts import SweepArtifacts
from hydra_llm.sweeper.command_line import repeat_command
from hydra_llm.sweeper.console import Console
from hydra_llm.sweeper.dispatch.base import Dispatch, Ended, Launch
from hydra_llm.sweeper.dispatch.blame import PutBack
from hydra_llm.sweeper.dispatch.choice import gpu_override
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.scheduler import cancel_line, collect, state_of_submission
from hydra_llm.sweeper.dispatch.signals import Interruptible
from hydra_llm.sweeper.job.trial_context import write_trial_context
from hydra_llm.sweeper.limit_watcher import LimitWatcher
from hydra_llm.sweeper.spec import SweepSpec

log = logging.getLogger(__name__)

WAIT_S = 30.0  # how long the sweep waits for a job before it looks around
QUIET_S = 0.5  # without an ended job: time enough to write tables and draw
ARTIFACTS_S = 20.0  # the most that derived files lag behind while jobs end all the time
POLL_S = 2.0  # between two questions to a scheduler


@dataclass(frozen=True)
class SearchLoop:
    """`in_batches`: all slots are launched and awaited together. `jobs_end_with_sweeper`: one without a result will
    never have any once the sweeper is interrupted.
    """

    study: Study
    spec: SweepSpec
    dispatch: Dispatch
    reader: Reader
    console: Console
    artifacts: SweepArtifacts
    signals: Interruptible
    in_batches: bool
    jobs_end_with_sweeper: bool

    def run(self) -> None:
        """Until the study is over. A KeyboardInterrupt passes, after what finished was recorded."""
        try:
            if not self.study.prepare():
                return
            self._collect_running()
            self._loop()
        except KeyboardInterrupt:
            self._interrupted()
            raise

    def _collect_running(self) -> None:
        """Jobs that were in flight when an earlier session ended: what they left counts, a scheduler's are waited for,
        the others run again. A job in the sweeper's own process may be what ended it, so that is one of its attempts.
        """
        for number in list(self.study.state.running):
            attempt = self.study.state.trials[number].attempt
            outcome = collect(self.reader, number, attempt, lambda: time.sleep(POLL_S), state_of_submission)
            if outcome is None and (self.reader.started(number) or {}).get("in_sweeper"):
                outcome = lost(
                    "the sweeper ended while this job ran in its process", folder=self.reader.default_folder(number)
                )
            if outcome is None:
                self.study.put_back(number, "the sweep ended while this job ran, and it left no result")
            else:
                self._tell(number, outcome, recovered=outcome.state is not TrialState.LOST)

    def _loop(self) -> None:
        stale, written = False, time.monotonic()  # derived files: written when no slot waits for the sweeper
        while True:
            self._fill()
            if not self.dispatch.running:
                return
            if stale and (self.in_batches or time.monotonic() - written > ARTIFACTS_S):
                self.artifacts.write()
                written = time.monotonic()
            with LimitWatcher(self.study), self.console.waiting(QUIET_S if stale else WAIT_S) as limit_s:
                outcomes = self.dispatch.wait(limit_s)
            self.signals.check()
            for number in sorted(outcomes):
                self._tell(number, outcomes[number])
            if stale and not outcomes:
                self.artifacts.write()
            stale = bool(outcomes)

    def _tell(self, number: int, ended: Ended, recovered: bool = False) -> None:
        with self.signals.held():  # an outcome that was half recorded would be told again
            if isinstance(ended, PutBack):
                self.study.put_back(number, ended.reason, alone=ended.alone)
                log.warning("Trial %d will run again: %s.", number, ended.reason)
            else:
                self.console.told(self.study.tell(number, ended), recovered=recovered)

    def _fill(self) -> None:
        """A trial for every free slot, while the sweep goes on."""
        study = self.study
        while (free := self.dispatch.free_slots) and not study.is_over and not study.must_stop:
            asked = study.ask(len(free), None if self.in_batches else free)
            if not asked:
                return
            trials = study.launched(asked)
            launches = []
            for trial, slot in zip(trials, free, strict=False):
                overrides = self.spec.overrides(trial, study.state.block_values(trial))
                try:
                    write_trial_context(study, trial, repeat_command(overrides))
                except OSError as error:
                    log.warning("Trial %d cannot know its place in the sweep (%s).", trial.number, error)
                overrides += [*self.spec.job_settings(trial.attempt), *gpu_override(slot, self.spec.gpu_slots)]
                launches.append(Launch(trial.number, slot, overrides, trial.attempt))
            self.console.launched(trials)
            self.dispatch.start(launches)

    def _interrupted(self) -> None:
        """What finished is recorded; what was stopped with the sweep runs again, and a scheduler keeps what it has."""
        study = self.study
        self.dispatch.close()
        running = [(number, study.state.trials[number].attempt) for number in study.state.running]
        for number, _ in running:
            outcome = self.reader.read_recorded_outcome(number)
            if outcome is not None:
                self._tell(number, outcome)
            elif self.jobs_end_with_sweeper:
                study.put_back(number, "the sweep was interrupted")
        self.artifacts.write(last=True)
        self.console.interrupted()
        line = cancel_line(study.folder, running)
        if line:
            log.warning("Jobs of this sweep are still in the queue. To take them off: %s", line)
