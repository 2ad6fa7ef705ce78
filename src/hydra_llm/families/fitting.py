"""A network, phases and data under Lightning's Trainer, up to the checkpoint that validates best."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger
from torch import Tensor, nn

from hydra_llm.callbacks.history import History
from hydra_llm.callbacks.interval_snapshots import IntervalSnapshot, IntervalSnapshots
from hydra_llm.callbacks.own_signals import OwnSignals
from hydra_llm.callbacks.report_progress import ReportProgress
from hydra_llm.callbacks.resume_point import ResumePoint
from hydra_llm.callbacks.stopwatch import Stopwatch
from hydra_llm.families.doors import call
from hydra_llm.families.ended_fit import EndedFit
from hydra_llm.families.errors import ExperimentError, FitFailed
from hydra_llm.families.resume import claim, ended_path, forget_state, is_under_scheduler, state_path
from hydra_llm.schema.training import RECOVERY
from hydra_llm.training.best_checkpoint import BestCheckpoint
from hydra_llm.training.lightning_logging import quiet_lightning
from hydra_llm.training.phases.base import Phase
from hydra_llm.training.recovery import Planned, RecoveryModule, unexplained_variance
from hydra_llm.training.snapshots import Snapshot

log = logging.getLogger(__name__)

DEFAULTS = {"enable_model_summary": False, "num_sanity_val_steps": 0, "log_every_n_steps": 1, "devices": 1}


@dataclass(frozen=True)
class FitContext:
    """What surrounds a fit. trainer: arguments of lightning.Trainer, which win over DEFAULTS.

    identity: of all that the fit depends on. resume_every: least seconds from one state that a later start of the same
    identity goes on from to the next; None: none is written. Under a scheduler one is written after every interval. The
    last one, of the ended fit, stays until resume.forget_fit.
    """

    folder: Path
    trainer: dict[str, Any]
    loggers: Sequence[Logger] = ()
    callbacks: Sequence[Callback] = ()
    keep_checkpoint: bool = True
    reports: bool = True  # to a sweep, which may stop a hopeless fit
    identity: str = ""
    resume_every: float | None = None


@dataclass(frozen=True)
class Fit:
    """A fitted network on the CPU, that of the best checkpoint on validation, and the data it was fitted to.

    intervals: the network after every interval, or after some of them. target: what was fitted, in words; baselines:
    losses of what it had to beat; retries: attempts that failed before it (families.attempts). doubt: why it may be
    wrong although it beats them, "" for no reason (families.doubt); None: nobody asked, or nothing tells. replicates:
    networks fitted in the same way to resampled recordings (families.bootstrap).
    """

    net: Any
    data: Any
    history: dict[str, tuple[list[float], list[float]]]  # name -> (interval, value)
    best_interval: int
    minutes: float
    snapshots: Sequence[Snapshot] = ()  # where a fit takes them
    target: str = "recording"
    baselines: Mapping[str, float] = field(default_factory=dict)
    retries: int = 0
    doubt: str | None = None
    intervals: Sequence[IntervalSnapshot] = ()
    replicates: Sequence[Any] = ()

    def losses(self) -> dict[str, float]:
        """final_loss and best_val_loss: the last and the least validation loss; baseline_<name>_loss, fit_retries;
        fit_doubtful: 1 where there is a reason to doubt the fit, 0 where there is none; bootstrap_fits: the number of
        replicates, where there are some.
        """
        values = self.history["val_loss"][1]
        beaten = {f"baseline_{name}_loss": loss for name, loss in self.baselines.items()}
        if self.doubt is not None:
            beaten["fit_doubtful"] = float(self.doubt != "")
        if self.replicates:
            beaten["bootstrap_fits"] = float(len(self.replicates))
        return {"final_loss": values[-1], "best_val_loss": min(values), "fit_retries": float(self.retries), **beaten}


def train(
    net: nn.Module,
    phases: Sequence[Phase],
    data: LightningDataModule,
    context: FitContext,
    validate: Callable[[Any, Any], Tensor] = unexplained_variance,
    module: Mapping[str, Any] = RECOVERY,
) -> Fit:
    """Work through the phases. validate(net, frames): what the best checkpoint minimises. module: its `_target_` builds
    the LightningModule.
    """
    fitted = call(module, "training.module", net=net, phases=phases, validate=validate)
    if not isinstance(fitted, LightningModule) or not isinstance(fitted, Planned):
        raise ExperimentError(
            f"training.module._target_={module['_target_']} must build a LightningModule with n_intervals, the epochs "
            f"that the trainer runs; got {type(fitted).__name__}."
        )
    snapshots = IntervalSnapshots(net)
    ended = EndedFit(fitted, phases, History(), snapshots, Stopwatch())
    best = _ended_before(ended, net, context) or _trained(ended, fitted.n_intervals, data, context)
    fitted.load_state_dict(best["state_dict"])
    series, minutes = ended.history.series(), ended.stopwatch.minutes
    return Fit(net.to("cpu").eval(), data, series, int(best["epoch"]), minutes, intervals=tuple(snapshots.taken))


def _resume_every(context: FitContext) -> float | None:
    return 0.0 if is_under_scheduler() else context.resume_every


def _ended_before(ended: EndedFit, net: nn.Module, context: FitContext) -> dict[str, Any] | None:
    """The best checkpoint of the same fit, which ended in a run that was cut off later; None where there is none."""
    if _resume_every(context) is None:
        return None
    claim(context.folder, context.identity)
    path = ended_path(context.folder)
    if not path.exists():
        return None
    log.info("This run was cut off after its fit: it goes on from %s. Delete that file to fit anew.", path)
    return ended.take(path, net)


def _trained(ended: EndedFit, n_intervals: int, data: LightningDataModule, context: FitContext) -> dict[str, Any]:
    """Train, and return the best checkpoint."""
    best = BestCheckpoint(
        dirpath=context.folder / "checkpoints",
        filename="best",
        monitor="val_loss",
        mode="min",
        enable_version_counter=False,
    )
    state, every = state_path(context.folder), _resume_every(context)
    resumable = every is not None and isinstance(ended.module, RecoveryModule) and ended.module.is_resumable
    left = state if resumable and state.exists() else None
    if left is not None:
        log.info("This run was cut off before: its fit goes on from %s. Delete that file to start anew.", left)
    resuming = [ResumePoint(state, every, ended.snapshots)] if every is not None and resumable else []
    reporting = [ReportProgress("val_loss")] if context.reports else []
    own = [best, ended.history, ended.snapshots, ended.stopwatch, OwnSignals(), *reporting]
    options: dict[str, Any] = {**DEFAULTS, **context.trainer}
    try:
        with quiet_lightning():
            trainer = Trainer(
                max_epochs=n_intervals,
                logger=list(context.loggers) or False,
                callbacks=[*own, *context.callbacks, *resuming],
                **options,
            )
            trainer.fit(ended.module, datamodule=data, ckpt_path=left)
    except MisconfigurationException as error:
        raise ExperimentError(f"Lightning refuses these options of trainer ({', '.join(options)}): {error}") from error
    if not best.best_model_path:
        forget_state(context.folder)
        raise FitFailed(
            "The fit left no usable checkpoint: the validation loss was never a number. "
            "Choose smaller learning rates or another seed."
        )
    found = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    if every is not None and trainer.is_global_zero:
        ended.keep(ended_path(context.folder), found)
    forget_state(context.folder)
    if not context.keep_checkpoint:
        Path(best.best_model_path).unlink(missing_ok=True)
    return found
