"""The sweep itself: ask -> validate -> launch -> tell, in batches, over the launcher that Hydra was configured with."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.search.events import EventLogError
from hydra_llm.search.header import IncompatibleSweepError
from hydra_llm.search.lock import FolderLock, LockedError
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial import Trial, TrialState
from hydra_plugins.hydra_llm_ucb_sweeper import _grid
from hydra_plugins.hydra_llm_ucb_sweeper._choice import choose_proposer
from hydra_plugins.hydra_llm_ucb_sweeper._console import Console
from hydra_plugins.hydra_llm_ucb_sweeper._dispatch import BatchDispatch
from hydra_plugins.hydra_llm_ucb_sweeper._errors import SweepError
from hydra_plugins.hydra_llm_ucb_sweeper._journal import ResultJournal
from hydra_plugins.hydra_llm_ucb_sweeper._options import read_options
from hydra_plugins.hydra_llm_ucb_sweeper._plan import Plan, make_plan
from hydra_plugins.hydra_llm_ucb_sweeper._records import Records

log = logging.getLogger(__name__)

MODES = ("search", "grid")
OUR_ERRORS = (ValueError, IncompatibleSweepError, EventLogError, LockedError, ProposerError)

Legal = Callable[[Sequence[Sequence[str]]], None]


class SweepRun:
    """One call of `-m` with this sweeper."""

    def __init__(
        self, options: Mapping[str, Any], context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.options = read_options(options)
        self.context = context
        self.config = config
        self._attach_journal()
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task_function, config=config
        )

    def _attach_journal(self) -> None:
        """The list of callbacks is a private detail of Hydra: without it the sweep relies on what launch() returns."""
        callbacks = getattr(getattr(self.context, "callbacks", None), "callbacks", None)
        if isinstance(callbacks, list):
            if not any(isinstance(callback, ResultJournal) for callback in callbacks):
                callbacks.append(ResultJournal())
        else:
            log.warning("This version of Hydra takes no callbacks from a sweeper: results of killed launches are lost.")

    def run(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        mode = self.options["mode"]
        if mode not in MODES:
            raise SweepError(f"mode={mode!r} is unknown. Choose one of {', '.join(MODES)}.")
        try:
            _grid.write_multirun(self.config)
        except OSError as error:
            raise SweepError(
                f"The sweep folder {self.config.hydra.sweep.dir} can not be written ({error.strerror}). "
                "Set hydra.sweep.dir to a folder that you may write to."
            ) from error
        if mode == "grid":
            return _grid.run_grid(self.options, arguments, self.context, self.launcher, legal)
        try:
            return self._search(arguments, legal)
        except OUR_ERRORS as error:
            raise SweepError(str(error)) from error

    def _search(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        self._check_dispatch()
        plan = make_plan(self.options, arguments, self.context, self.config)
        folder = Path(plan.sweep_dir)
        name, why = choose_proposer(self.options)
        proposer = make_proposer(name, {**self.options["llm"], "folder": str(folder)})
        with FolderLock(folder) as lock:
            study = self._open(plan, folder, proposer, legal)
            console = Console(study, plan, resume_command(plan.sweep_dir), log)
            records = Records(study, plan, task_command())
            dispatch = BatchDispatch(self.launcher, plan.settings.objective, folder)
            console.start(name, why)
            try:
                self._collect_running(study, dispatch, console)
                self._loop(study, plan, dispatch, console, records, lock)
            except KeyboardInterrupt:
                records.write()
                console.interrupted()
                raise
            self._finish(study, console, records)
            return dispatch.returns

    def _open(self, plan: Plan, folder: Path, proposer: Proposer, legal: Legal) -> Study:
        def validate(values: Mapping[str, Any], block: Mapping[str, Any]) -> list[str]:
            try:
                legal([plan.candidate(values, block)])
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                return [f"It does not compose: {str(error).strip()}"]
            return []

        policy = make_policy(self.options["selection"], self.options["ucb_c"])
        return Study(
            folder,
            plan.settings,
            policy,
            proposer,
            argv=sys.argv,
            resume=self.options["resume"],
            validate=validate,
            protocol=read_protocol(plan.instructions),
        )

    def _check_dispatch(self) -> None:
        dispatch = self.options["dispatch"]
        if dispatch not in ("auto", "batch"):
            raise SweepError(f"dispatch={dispatch!r} is not available. Choose auto or batch: one launch per batch.")
        if self.options["job_timeout_s"] is not None:
            log.warning("job_timeout_s can not stop a job of a batch; use the launcher's own time limit.")

    # ---- the loop ----
    def _collect_running(self, study: Study, dispatch: BatchDispatch, console: Console) -> None:
        """Jobs that were in flight when an earlier session ended: what they wrote down counts, the others are LOST."""
        for number in list(study.state.running):
            outcome = dispatch.harvest(number)
            if outcome is not None:
                console.told(study.tell(number, outcome), recovered=True)
            else:
                console.told(study.tell_lost(number, "the sweep ended while this job ran, and it left no result"))

    def _loop(
        self,
        study: Study,
        plan: Plan,
        dispatch: BatchDispatch,
        console: Console,
        records: Records,
        lock: FolderLock,
    ) -> None:
        while not study.is_over and not study.must_stop:
            asked = study.ask(plan.settings.n_parallel)
            if not asked:
                return
            trials = study.launched(asked)
            console.launched(trials)
            jobs = [(trial.number, self._job(plan, trial, study)) for trial in trials]
            outcomes = dispatch.run(jobs)
            for number in sorted(outcomes):
                console.told(study.tell(number, outcomes[number]))
            console.progress()
            records.write()
            lock.beat()

    @staticmethod
    def _job(plan: Plan, trial: Trial, study: Study) -> list[str]:
        block = next((b.values for b in study.state.blocks if b.index == trial.block), {})
        return [*plan.overrides(trial, block), *plan.job_settings(trial.attempt)]

    def _finish(self, study: Study, console: Console, records: Records) -> None:
        reason = study.must_stop or study.search_over
        records.write()
        console.summary(reason)
        study.close(reason)
        trials = study.state.search_trials()
        if trials and not any(trial.state is TrialState.COMPLETED for trial in trials):
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
