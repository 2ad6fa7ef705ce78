"""One run: simulate, or read a recording -> oracle -> fit -> evaluate."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.types import RunMode
from hydra.utils import instantiate
from lightning import Callback
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from hydra_llm import job
from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.callbacks.progress_lines import ProgressLines
from hydra_llm.callbacks.simulation_progress import SimulationProgress
from hydra_llm.data.dataset import Dataset
from hydra_llm.data.store import DatasetStore
from hydra_llm.estimation.estimates import ORACLE_DERIVATIVE
from hydra_llm.experiment.outputs import finite, print_table, returned, write_analysis_log, write_metrics
from hydra_llm.experiment.preflight import preflight, scratch_bytes
from hydra_llm.experiment.recovery_curves import log_curves, recovery_curves
from hydra_llm.experiment.trainer import OURS, shows_progress, trainer_options
from hydra_llm.experiment.wandb_logger import describe, summarise, tracked
from hydra_llm.families.errors import USER_ERRORS, ExperimentError, wants_traceback
from hydra_llm.families.evaluation import sentence_on_states
from hydra_llm.families.family import Family, family_of
from hydra_llm.families.fitting import FitContext
from hydra_llm.families.resume import forget_fit, identity_of
from hydra_llm.families.stored_oracle import oracle_of
from hydra_llm.figures.save import SMALL, save
from hydra_llm.schema.fields import check
from hydra_llm.systems.base import System
from hydra_llm.systems.threads import threads_for
from hydra_llm.training.simulation import simulate

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> dict[str, float] | float:
    """Simulate, fit, evaluate, as the configuration says. Returns metrics, or the one named by return_metric.

    In a single run an error that the user can fix is logged as a sentence and ends the process with status 1; in
    a sweep it is raised, and becomes a failed trial.
    """
    try:
        return _run(cfg)
    except USER_ERRORS as error:
        if wants_traceback() or HydraConfig.get().mode != RunMode.RUN:
            raise
        log.error("%s", error)
        log.info("HYDRA_FULL_ERROR=1 shows the traceback.")
        sys.exit(1)


def _run(cfg: DictConfig) -> dict[str, float] | float:
    check(cfg)
    options = trainer_options(cfg.trainer)
    folder = Path(HydraConfig.get().runtime.output_dir)
    loggers = _loggers(cfg)
    with tracked(loggers):
        system = _system(cfg)
        with threads_for(system.n_units, cfg.trainer.threads):
            metrics = _measure(cfg, system, folder, loggers, options)
    return returned(metrics, cfg.return_metric)


def _measure(
    cfg: DictConfig, system: System, folder: Path, loggers: list[Logger], options: dict[str, Any]
) -> dict[str, float]:
    for logger in loggers:
        logger.log_hyperparams(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
    family = family_of(cfg.simulation)
    describe(loggers, regime=_regime(), family=_family_name(cfg), block=(job.trial() or {}).get("block"))
    dataset = _dataset(cfg, system)
    _say_what_is_recorded(dataset, family)
    evaluator = family.evaluator(dataset, cfg.training)
    log.info("Asking what these data can determine ...")
    oracle = oracle_of(dataset, evaluator, family, cfg.training)
    log.info("%s", oracle.sentence)
    log.info("Training on %s ...", dataset.path.name)
    context = FitContext(
        folder=folder,
        trainer=options,
        loggers=loggers,
        callbacks=_progress(cfg, TQDMProgressBar) or _lines(cfg),
        keep_checkpoint=cfg.callbacks.checkpoint,
        identity=_identity(cfg, dataset),
        resume_every=cfg.callbacks.resume_every,
    )
    fitted = family.fit(dataset.path, cfg.model, cfg.training, context)
    target = fitted.target
    log.info("Evaluating ...")
    evaluation = evaluator.score(fitted, oracle)
    about = {"training_time_min": fitted.minutes, "target_is_oracle_derivative": float(target == ORACLE_DERIVATIVE)}
    metrics = finite({**evaluation.metrics, **oracle.scores, **fitted.losses(), **about})
    write_metrics(metrics, folder)
    write_analysis_log(metrics, target, folder)
    for name, text in evaluator.tables(fitted, evaluation).items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, array in evaluation.arrays.items():
        np.save(folder / f"{name}.npy", array)
    log_curves(recovery_curves(fitted, evaluator), loggers)
    for logger in loggers:
        logger.log_metrics(metrics)
    summarise(loggers, metrics, target)
    if cfg.callbacks.figures and job.leads(metrics):
        written = save(evaluator.figures(fitted, evaluation), folder / "figures", footer=f"target: {target}")
        _log_images(loggers, written)
    if (job.trial() or {}).get("sketches"):
        save(evaluator.sketches(fitted, evaluation), folder / job.SKETCHES, dots_per_inch=SMALL)
    forget_fit(folder)
    if HydraConfig.get().mode == RunMode.RUN:
        shown = (*family.shown, "fit_doubtful") if fitted.doubt else family.shown
        print_table(metrics, shown, f"{_regime()}, seed {cfg.seed}, target: {target}")
    _log_headline(family.headline, metrics, target)
    if fitted.doubt:
        log.warning("%s", fitted.doubt)
    log.info("Results in %s", folder)
    return metrics


def _identity(cfg: DictConfig, dataset: Dataset) -> str:
    """Of all that a fit depends on."""
    model, training, trainer = (
        OmegaConf.to_container(node, resolve=True) for node in (cfg.model, cfg.training, cfg.trainer)
    )
    assert isinstance(trainer, dict)
    own = {name: value for name, value in trainer.items() if name not in OURS}
    return identity_of(dataset=dataset.path.name, model=model, training=training, trainer=own)


def _say_what_is_recorded(dataset: Dataset, family: Family) -> None:
    """Log what the training frames show. Raises FitFailed for a recording of one state."""
    if family.recorded is not None:
        log.info("%s", family.recorded(dataset))
        return
    log.info("%s", sentence_on_states(dataset.observations().split("train").activity))


def _family_name(cfg: DictConfig) -> str:
    """The package of the simulation: signal, flyvis, metabolism, or one of the user's own."""
    parts = str(cfg.simulation._target_).removeprefix("hydra_llm.families.").split(".")
    return parts[0]


def _log_headline(name: str, metrics: dict[str, float], target: str) -> None:
    if name in metrics:
        oracle = metrics.get(f"oracle_{name}")
        ceiling = "" if oracle is None else f"oracle {oracle:.5f}, "
        log.info("%s: %.5f (%starget: %s)", name, metrics[name], ceiling, target)


def _loggers(cfg: DictConfig) -> list[Logger]:
    try:
        return [instantiate(node) for node in cfg.logger.values()]
    except InstantiationException as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise ExperimentError(
                f"logger={HydraConfig.get().runtime.choices['logger']} needs a package that is not installed: "
                f"{error.__cause__}"
            ) from error
        if isinstance(error.__cause__, USER_ERRORS):
            raise error.__cause__ from None
        raise


def _system(cfg: DictConfig) -> System:
    try:
        return instantiate(cfg.simulation, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, USER_ERRORS):
            raise error.__cause__ from None  # our sentence, without Hydra's wrapping
        raise


def _dataset(cfg: DictConfig, system: System) -> Dataset:
    store = DatasetStore(cfg.paths.datasets)
    estimate = family_of(cfg.simulation).memory
    memory = None if estimate is None else estimate(system, cfg.training)
    stored = store.find(system)
    missing = store.missing(system) if stored is None else 0.0
    scratch = scratch_bytes(system, cfg.training.get("target"))
    log.info("%s", preflight(system, store.root, cfg.trainer.accelerator, memory, missing=missing, scratch=scratch))
    if stored is None:
        log.info("Preparing %s ...", _regime())
    return simulate(
        system,
        store,
        writer=DatasetWriter,
        callbacks=_progress(cfg, SimulationProgress),
        oracle=cfg.training.get("target") == "drift",
        enable_progress_bar=shows_progress(cfg.trainer),
    )


def _regime() -> str:
    return HydraConfig.get().runtime.choices["simulation"]


def _progress(cfg: DictConfig, bar: Callable[[], Callback]) -> list[Callback]:
    return [bar()] if shows_progress(cfg.trainer) else []


def _lines(cfg: DictConfig) -> list[Callback]:
    """What takes the place of a bar of the fit where no terminal shows one."""
    return [ProgressLines()] if cfg.trainer.progress == "auto" else []


def _log_images(loggers: list[Logger], written: list[Path]) -> None:
    for logger in loggers:
        if hasattr(logger, "log_image"):
            for path in written:
                logger.log_image(key=path.stem, images=[str(path)])  # type: ignore[attr-defined]


__all__ = ["ExperimentError", "run"]
