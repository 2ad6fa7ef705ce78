"""The sweep itself: ask -> validate -> launch -> tell, slot by slot, over whatever launcher Hydra was configured
with.
"""

from __future__ import annotations

import logging
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.search.log.events import EventLogError
from hydra_llm.search.log.header import IncompatibleSweepError
from hydra_llm.search.log.lock import FolderLock, LockedError
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial.trial import Trial, TrialState
from hydra_llm.sweeper import grid
from hydra_llm.sweeper.artifacts import SweepArtifacts
from hydra_llm.sweeper.console import Console
from hydra_llm.sweeper.dispatch.base import Dispatch, Job
from hydra_llm.sweeper.dispatch.choice import LOCAL, choose, gpu_override, launcher_kind, make_dispatch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.scheduler import cancel_line, collect, state_of_submission
from hydra_llm.sweeper.dispatch.signals import Interruptible
from hydra_llm.sweeper.dispatch.slurm import has_accounting
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.job.reporting import JobChannel, Watcher
from hydra_llm.sweeper.job.result_recorder import ResultJournal
from hydra_llm.sweeper.job.trial_context import write_lineage
from hydra_llm.sweeper.options import read_options
from hydra_llm.sweeper.proposer_choice import choose_proposer, proposer_settings
from hydra_llm.sweeper.spec import SweepSpec, make_spec
from hydra_llm.sweeper.wandb_tracking import track

log = logging.getLogger(__name__)

HEARTBEAT_S = 30.0  # how long the sweep waits for a job before it shows that it is alive
QUIET_S = 0.5  # without an ended job: time enough to write tables and draw
RECORDS_S = 20.0  # the most that derived files lag behind while jobs end all the time
POLL_S = 2.0  # between two questions to a scheduler
DEFAULT_SUBDIR = "${hydra.job.num}"
USER_ERRORS = (ValueError, IncompatibleSweepError, EventLogError, LockedError, ProposerError)

Legal = Callable[[Sequence[Sequence[str]]], None]


class SweepRun:
    """One call of `-m` with this sweeper."""

    def __init__(
        self, options: Mapping[str, Any], context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.options = read_options(options)
        self.context = context
        self.config = config
        self.task_function = task_function
        self.dispatch_mode, self._dispatch_warning = choose(
            self.options["dispatch"], self.options["n_parallel"], launcher_kind(config)
        )
        self._signals = Interruptible()
        self._attach_journal()
        self.launcher = self._make_launcher(config)

    def _make_launcher(self, config: DictConfig) -> Launcher:
        return Plugins.instance().instantiate_launcher(
            hydra_context=self.context, task_function=self.task_function, config=config
        )

    def _attach_journal(self) -> None:
        """The list of callbacks is a private detail of Hydra: without it the sweep relies on what launch() returns."""
        callbacks = getattr(getattr(self.context, "callbacks", None), "callbacks", None)
        if isinstance(callbacks, list):
            # a job of a scheduler, or of a thread's launch(), has a process of its own, which it may end
            remote = self.dispatch_mode == "thread" or launcher_kind(self.config) == "submitit"
            alone = remote and self.options["mode"] == "search"
            for own in (ResultJournal(self.options["job_timeout_s"] if alone else None), JobChannel()):
                if not any(isinstance(callback, type(own)) for callback in callbacks):
                    callbacks.append(own)
        else:
            log.warning("This version of Hydra takes no callbacks from a sweeper: results of killed launches are lost.")

    def run(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        try:
            grid.write_multirun(self.config)
        except OSError as error:
            raise SweepError(
                f"The sweep folder {self.config.hydra.sweep.dir} can not be written ({error.strerror}). "
                "Set hydra.sweep.dir to a folder that you may write to."
            ) from error
        if self.options["mode"] == "grid":
            return grid.run_grid(self.options, arguments, self.context, self.launcher, legal)
        try:
            return self._search(arguments, legal)
        except USER_ERRORS as error:
            raise SweepError(str(error)) from error

    def _search(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        self._warn()
        spec = make_spec(self.options, arguments, self.context, self.config)
        folder = Path(spec.sweep_dir)
        scattered = OmegaConf.to_container(self.config.hydra.sweep)["subdir"] != DEFAULT_SUBDIR  # type: ignore[index]
        reader = Reader(spec.settings.objective, folder, scattered=scattered)
        with FolderLock(folder) as lock, Interruptible() as signals:
            dispatch = make_dispatch(  # first of all: a client of a model may start threads
                self.options, self.config, self.launcher, self._make_launcher, reader, self.dispatch_mode
            )
            signals.at_once = dispatch.close
            self._signals = signals
            try:
                return self._run(spec, reader, dispatch, lock, legal)
            finally:
                dispatch.close()

    def _run(
        self, spec: SweepSpec, reader: Reader, dispatch: Dispatch, lock: FolderLock, legal: Legal
    ) -> list[Sequence[JobReturn]]:
        folder = Path(spec.sweep_dir)
        chosen, why = choose_proposer(self.options)
        proposer = make_proposer(chosen, proposer_settings(chosen, self.options, str(folder)))
        study = self._open(spec, folder, proposer, legal)
        console = Console(study, spec, resume_command(spec.sweep_dir), log)
        records = SweepArtifacts(study, spec, task_command())
        console.start(proposer.name, why)
        try:
            self._collect_running(study, reader, console, lock)
            self._loop(study, spec, dispatch, console, records, lock)
        except KeyboardInterrupt:
            self._interrupted(study, dispatch, reader, console, records)
            raise
        self._finish(study, console, records)
        return dispatch.returns

    def _open(self, spec: SweepSpec, folder: Path, proposer: Proposer, legal: Legal) -> Study:
        def validate(values: Mapping[str, Any], block: Mapping[str, Any]) -> list[str]:
            try:
                legal([spec.candidate(values, block)])
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                return [f"It does not compose: {str(error).strip()}"]
            return []

        policy = make_policy(self.options["selection"], self.options["ucb_c"])
        return Study(
            folder,
            spec.settings,
            policy,
            proposer,
            argv=sys.argv,
            resume=self.options["resume"],
            validate=validate,
            protocol=read_protocol(spec.instructions),
            start_memory=spec.start_memory,
        )

    def _warn(self) -> None:
        if self._dispatch_warning:
            log.warning("%s", self._dispatch_warning)
        kind = launcher_kind(self.config)
        if self.options["job_timeout_s"] is not None and self.dispatch_mode == "batch" and kind != "submitit":
            log.warning(
                "job_timeout_s can not stop a job of a batch; choose dispatch=fork, or the launcher's own limit."
            )

        if str(self.config.hydra.launcher.get("_target_", "")).endswith(".SlurmLauncher") and not has_accounting():
            log.info(
                "sacct does not answer here, so submitit can not see a job die; the sweep asks squeue and scontrol."
            )

    # ---- the loop ----
    def _collect_running(self, study: Study, reader: Reader, console: Console, lock: FolderLock) -> None:
        """Jobs that were in flight when an earlier session ended: what they left counts, a scheduler's are waited for,
        the others are LOST.
        """

        def pause() -> None:
            lock.beat()
            time.sleep(POLL_S)

        for number in list(study.state.running):
            outcome = collect(reader, number, study.state.trials[number].attempt, pause, state_of_submission)
            console.told(study.tell(number, outcome), recovered=outcome.state is not TrialState.LOST)

    def _loop(
        self,
        study: Study,
        spec: SweepSpec,
        dispatch: Dispatch,
        console: Console,
        records: SweepArtifacts,
        lock: FolderLock,
    ) -> None:
        stale, written = False, time.monotonic()  # derived files: written when no slot waits for the sweeper
        while True:
            self._fill(study, spec, dispatch, console, lock)
            if not dispatch.running:
                return
            if stale and (self.dispatch_mode == "batch" or time.monotonic() - written > RECORDS_S):
                records.write()
                written = time.monotonic()
            with Watcher(study):
                outcomes = dispatch.wait(QUIET_S if stale else HEARTBEAT_S)
            self._signals.check()
            for number in sorted(outcomes):
                console.told(study.tell(number, outcomes[number]))
            if outcomes:
                console.progress()
            elif stale:
                records.write()
            stale = bool(outcomes)
            lock.beat()

    def _fill(self, study: Study, spec: SweepSpec, dispatch: Dispatch, console: Console, lock: FolderLock) -> None:
        """A trial for every free slot, while the sweep goes on."""
        while (free := dispatch.free_slots) and not study.is_over and not study.must_stop:
            with lock.kept():  # a model may take long to answer, or be waited for
                asked = study.ask(len(free), None if self.dispatch_mode == "batch" else free)
            if not asked:
                return
            trials = study.launched(asked)
            for trial in trials:
                write_lineage(study, trial, task_command(), spec.overrides(trial, study.state.block_values(trial)))
            console.launched(trials)
            places = zip(trials, free, strict=False)
            dispatch.start([Job(t.number, slot, self._job(spec, t, study, slot), t.attempt) for t, slot in places])

    def _interrupted(
        self, study: Study, dispatch: Dispatch, reader: Reader, console: Console, records: SweepArtifacts
    ) -> None:
        """What finished is recorded; what was stopped with the sweep runs again, and a scheduler keeps what it has."""
        dispatch.close()
        running = [(number, study.state.trials[number].attempt) for number in study.state.running]
        for number, _ in running:
            outcome = reader.read_recorded_outcome(number)
            if outcome is not None:
                console.told(study.tell(number, outcome))
            elif not dispatch.survives and self.launcher_is_local:
                study.put_back(number, "the sweep was interrupted")
        records.write()
        console.interrupted()
        line = cancel_line(study.folder, running)
        if line:
            log.warning("Jobs of this sweep are still in the queue. To take them off: %s", line)

    @property
    def launcher_is_local(self) -> bool:
        """Whether jobs end with the sweeper, so that one without a result will never have any."""
        return launcher_kind(self.config) in LOCAL

    @staticmethod
    def _job(spec: SweepSpec, trial: Trial, study: Study, slot: int) -> list[str]:
        block = study.state.block_values(trial)
        devices = gpu_override(slot, spec.gpu_slots)
        return [*spec.overrides(trial, block), *spec.job_settings(trial.attempt), *devices]

    def _finish(self, study: Study, console: Console, records: SweepArtifacts) -> None:
        reason = study.must_stop or study.search_over
        study.finish(reason)
        records.write()
        console.summary(reason)
        study.close()
        records.report()
        track(study.folder, self.options, self.config)
        trials = study.state.search_trials()
        if trials and not any(trial.value is not None for trial in trials):
            first = next((trial for trial in trials if trial.error is not None), None)
            tail = f"\nThe first failure, trial {first.number}: {first.error}\n{first.error.traceback}" if first else ""  # type: ignore[union-attr]
            raise SweepError(f"No trial of the sweep in {study.folder} completed ({reason}).{tail}")


def read_protocol(instructions: str) -> str:
    """The protocol text that the application names, "" when it names none."""
    if not instructions:
        return ""
    from hydra_llm.llm.instructions import instruction_text

    return instruction_text(instructions)


def task_command() -> str:
    """The program as it was called, without its arguments."""
    return shlex.join(["python", sys.argv[0]])


def resume_command(sweep_dir: str) -> str:
    """The command line that continues this sweep, the folder spelled out."""
    arguments = [item for item in sys.argv[1:] if not item.startswith("hydra.sweep.dir=")]
    return shlex.join(["python", sys.argv[0], *arguments, f"hydra.sweep.dir={sweep_dir}"])
