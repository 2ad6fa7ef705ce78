"""One call of `-m` with this sweeper: from Hydra's configuration to a study, a dispatch, and the loop between them."""

from __future__ import annotations

import logging
import sys
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

from hydra_llm.llm.address import public, secrets
from hydra_llm.llm.instructions import instruction_text
from hydra_llm.search.evolution.evolution import Evolution
from hydra_llm.search.evolution.occasion import rule_names
from hydra_llm.search.log.event_log import EventLogError
from hydra_llm.search.log.header import IncompatibleSweepError
from hydra_llm.search.log.lock import FolderLock, LockedError
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.sweeper import grid
from hydra_llm.sweeper.artifacts import SweepArtifacts
from hydra_llm.sweeper.code_evolution import make_evolution
from hydra_llm.sweeper.command_line import resume_command
from hydra_llm.sweeper.console import Console
from hydra_llm.sweeper.dispatch.base import Dispatch
from hydra_llm.sweeper.dispatch.choice import LOCAL, choose, fork_hindrance, launcher_kind, make_dispatch
from hydra_llm.sweeper.dispatch.prefixed import PrefixedLauncher, check_prefix
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.recorded_order import in_recorded_order
from hydra_llm.sweeper.dispatch.signals import Interruptible
from hydra_llm.sweeper.dispatch.slurm import has_accounting
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.job.channel import JobChannel
from hydra_llm.sweeper.job.marked_end import MarkedEnd
from hydra_llm.sweeper.job.quiet_console import QuietConsole
from hydra_llm.sweeper.job.result_recorder import ResultRecorder
from hydra_llm.sweeper.loop import SearchLoop
from hydra_llm.sweeper.make_spec import make_spec
from hydra_llm.sweeper.options import read_options
from hydra_llm.sweeper.proposer_choice import choose_proposer, proposer_settings
from hydra_llm.sweeper.slots import n_slots
from hydra_llm.sweeper.spec import SweepSpec
from hydra_llm.sweeper.wandb_tracking import track

log = logging.getLogger(__name__)

DEFAULT_SUBDIR = "${hydra.job.num}"
USER_ERRORS = (ValueError, IncompatibleSweepError, EventLogError, LockedError, ProposerError)

Legal = Callable[[Sequence[Sequence[str]]], None]


class SweepRun:
    """Raises SweepError for options that no key takes."""

    def __init__(
        self, options: Mapping[str, Any], context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.options = read_options(options)
        _refuse_secrets(config)
        self.context = context
        self.config = config
        self._launcher_kind = launcher_kind(config)
        self.options["n_parallel"] = n_slots(self.options, self._launcher_kind)
        self.dispatch_mode, self._dispatch_warning = choose(
            self.options["dispatch"], self.options["n_parallel"], self._launcher_kind, fork_hindrance()
        )
        self.task_function = MarkedEnd(task_function) if self.dispatch_mode == "batch" else task_function
        if self.options["prefix"]:
            check_prefix(self.options["prefix"], self._launcher_kind, self.options["mode"])
        self._attach_callbacks()
        self.launcher = self._make_launcher(config)

    def _make_launcher(self, config: DictConfig) -> Launcher:
        if self.options["prefix"]:
            prefixed = PrefixedLauncher(self.options["prefix"])
            prefixed.setup(hydra_context=self.context, task_function=self.task_function, config=config)
            return prefixed
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.context, task_function=self.task_function, config=config
        )
        if self._is_quiet:  # its package repeats the overrides of every job
            logging.getLogger(type(launcher).__module__.rpartition(".")[0]).setLevel(logging.WARNING)
        return launcher

    def _attach_callbacks(self) -> None:
        """The list of callbacks is a private detail of Hydra: without it the sweep relies on what launch() returns."""
        callbacks = getattr(getattr(self.context, "callbacks", None), "callbacks", None)
        if not isinstance(callbacks, list):
            log.warning(
                "This version of Hydra takes no callbacks from a sweeper, so results of killed launches are lost."
            )
            return
        # a job of a scheduler, or of a thread's launch(), has a process of its own, which it may end
        remote = self.dispatch_mode == "thread" or self._launcher_kind == "submitit"
        alone = remote and self.options["mode"] == "search"
        own = [ResultRecorder(self.options["job_timeout_s"] if alone else None), JobChannel()]
        if self._is_quiet:
            own.append(QuietConsole())
        callbacks += [new for new in own if not any(isinstance(callback, type(new)) for callback in callbacks)]

    @property
    def _is_quiet(self) -> bool:
        """Whether jobs of a search print their warnings only: they share the sweep's terminal."""
        shares = self._launcher_kind in LOCAL and self.options["mode"] == "search"
        return shares and not self.config.hydra.verbose

    def run(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        """One list of JobReturn per launch. Raises SweepError with a sentence."""
        try:
            grid.write_multirun(self.config)
        except OSError as error:
            raise SweepError(
                f"The sweep folder {self.config.hydra.sweep.dir} cannot be written ({error.strerror}). "
                "Set hydra.sweep.dir to a folder that you may write to."
            ) from error
        if self.options["mode"] == "grid":
            return grid.run_grid(self.options, arguments, self.context, self.launcher, legal)
        try:
            return self._search(arguments, legal)
        except USER_ERRORS as error:
            raise SweepError(str(error)) from error
        except OSError as error:
            raise SweepError(
                f"The sweep cannot go on ({error}). Mend that and run the same command again; nothing recorded is lost."
            ) from error

    def _search(self, arguments: list[str], legal: Legal) -> list[Sequence[JobReturn]]:
        self._warn()
        spec = make_spec(self.options, arguments, self.context, self.config)
        folder = Path(spec.sweep_dir)
        scattered = OmegaConf.to_container(self.config.hydra.sweep)["subdir"] != DEFAULT_SUBDIR  # type: ignore[index]
        reader = Reader(spec.settings.reads, folder, scattered=scattered)
        with FolderLock(folder), Interruptible() as signals:
            dispatch = make_dispatch(  # first of all: a client of a model may start threads
                self.options, self.config, self.launcher, self._make_launcher, reader, self.dispatch_mode, signals
            )
            if self._replays_slots:
                dispatch = in_recorded_order(dispatch, folder / "transcripts")
            signals.at_once = dispatch.close
            try:
                self._run(spec, reader, dispatch, signals, legal)
                return dispatch.returns
            except KeyboardInterrupt:
                if signals.received is None:
                    raise
                raise SystemExit(128 + signals.received) from None  # the command that goes on has been said
            finally:
                dispatch.close()

    def _run(
        self,
        spec: SweepSpec,
        reader: Reader,
        dispatch: Dispatch,
        signals: Interruptible,
        legal: Legal,
    ) -> None:
        chosen, why = choose_proposer(self.options)
        proposer = make_proposer(chosen, proposer_settings(self.options, spec.sweep_dir))
        study = self._open(spec, proposer, legal)
        console = Console(study, spec, resume_command(spec.sweep_dir), log)
        artifacts = SweepArtifacts(study, spec)
        console.start(proposer.name, why)
        loop = SearchLoop(
            study=study,
            spec=spec,
            dispatch=dispatch,
            reader=reader,
            console=console,
            artifacts=artifacts,
            signals=signals,
            in_batches=self.dispatch_mode == "batch",
            jobs_end_with_sweeper=self._launcher_kind in LOCAL and not dispatch.survives,
        )
        try:
            loop.run()
        except KeyboardInterrupt:
            track(study.folder, self.options, self.config)
            raise
        self._finish(study, console, artifacts)

    def _open(self, spec: SweepSpec, proposer: Proposer, legal: Legal) -> Study:
        composed: dict[str, list[str]] = {}

        def validate(values: Mapping[str, Any], block: Mapping[str, Any]) -> list[str]:
            """Composed once for each choice of what is no number: it takes longer than all other bookkeeping of a
            trial, and a number of a declared kind in a declared range composes as another one does.
            """
            shape = spec.shape(values, block)
            if shape not in composed:
                try:
                    legal([spec.candidate(values, block)])
                    composed[shape] = []
                except (HydraException, OmegaConfBaseException, ValueError) as error:
                    composed[shape] = [f"It does not compose: {str(error).strip()}"]
            return composed[shape]

        return Study(
            Path(spec.sweep_dir),
            spec.settings,
            make_policy(self.options["selection"], self.options["ucb_c"]),
            proposer,
            argv=sys.argv,
            resume=self.options["resume"],
            validate=validate,
            protocol=_protocol(spec),
            start_memory=spec.start_memory,
            evolution=self._evolution(spec, proposer),
        )

    def _evolution(self, spec: SweepSpec, proposer: Proposer) -> Evolution | None:
        if spec.code is None:
            return None
        rules = rule_names(_protocol(spec) or proposer.protocol, spec.settings.focus)
        return make_evolution(self.options, spec.code, proposer, rules)

    @property
    def _replays_slots(self) -> bool:
        """Whether answers on file meet trials that end in an order of their own."""
        replays = self.options["llm"].get("transcript") == "replay"
        return replays and self.dispatch_mode != "batch" and self.options["n_parallel"] > 1

    def _warn(self) -> None:
        if self._dispatch_warning:
            log.warning("%s", self._dispatch_warning)
        in_batches = self.dispatch_mode == "batch" and self._launcher_kind != "submitit"
        if self.options["job_timeout_s"] is not None and in_batches:
            log.warning(
                "job_timeout_s cannot stop a job of a batch; choose dispatch=fork, or the launcher's own limit."
            )
        if str(self.config.hydra.launcher.get("_target_", "")).endswith(".SlurmLauncher") and not has_accounting():
            log.info(
                "sacct does not answer here, so submitit cannot see a job fail; the sweep asks squeue and scontrol."
            )

    def _finish(self, study: Study, console: Console, artifacts: SweepArtifacts) -> None:
        reason = study.must_stop or study.search_over
        study.finish(reason)
        artifacts.write(last=True)
        console.summary(reason)
        study.close()
        artifacts.report()
        console.next_steps()
        track(study.folder, self.options, self.config)
        if study.failure:
            raise SweepError(f"{study.failure}\nWhat ran is in {study.folder}; the same command continues there.")
        trials = study.state.search_trials()
        if trials and not any(trial.value is not None for trial in trials):
            first = next((trial for trial in trials if trial.error is not None), None)
            tail = f"\nThe first failure, trial {first.number}: {first.error}\n{first.error.traceback}" if first else ""  # type: ignore[union-attr]
            raise SweepError(f"No trial of the sweep in {study.folder} completed ({reason}).{tail}")


def _protocol(spec: SweepSpec) -> str:
    return instruction_text(spec.instructions) if spec.instructions else ""


def _refuse_secrets(config: DictConfig) -> None:
    """What stands in a configuration is written to multirun.yaml, to every job's hydra.yaml and to the event log."""
    llm = OmegaConf.select(config, "hydra.sweeper.llm", default=None)
    url = llm.get("base_url") if isinstance(llm, DictConfig) else None
    if isinstance(url, str) and secrets(url) and not OmegaConf.is_interpolation(llm, "base_url"):
        raise SweepError(
            f"hydra.sweeper.llm.base_url ({public(url)}) holds a user name, a password or a query, which would be "
            "written to many files. Put the whole address into an environment variable and refer to it: "
            "hydra.sweeper.llm.base_url='${oc.env:MY_SERVER}'. A key goes into the variable that api_key_env names."
        )
