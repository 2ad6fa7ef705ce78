"""How the parameters of a reaction network are estimated. Opens the observations of a data set and nothing else."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import Progress

from hydra_llm import job
from hydra_llm.data.observations import Observations
from hydra_llm.families.errors import ExperimentError, FitFailed
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.families.reactions.config import MaximumLikelihoodTraining
from hydra_llm.families.reactions.dynamics.integrator import Tolerances
from hydra_llm.families.reactions.fitting.optimum import DescentLimits, Optimum, minimise
from hydra_llm.families.reactions.fitting.profiles import Profile, profiles
from hydra_llm.families.reactions.fitting.starts import MultiStart, multi_start
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood, LikelihoodAt, starts_of
from hydra_llm.families.reactions.system.measurements import stored_problem
from hydra_llm.schema.fields import as_object
from hydra_llm.systems.random_streams import stream_seed

log = logging.getLogger(__name__)

BASELINES = ("constant",)
PROFILE_TOLERANCE = 1e-4  # of the objective; a profile is compared with 1.92
POLISHES = 3  # descents from the best point, at most
FEWEST = 3  # measurements of an observable, for a constant to be a baseline


@dataclass(frozen=True, kw_only=True)
class LikelihoodFit(Fit):
    """net: the Likelihood. evaluated: at the best point. profiles: empty where none were asked for."""

    starts: MultiStart
    best: Optimum
    evaluated: LikelihoodAt
    profiles: tuple[Profile, ...]

    def losses(self) -> dict[str, float]:
        return {"final_loss": self.evaluated.nll}


def fit(dataset: Path, model: DictConfig, training: DictConfig, context: FitContext) -> LikelihoodFit:
    """Raises FitFailed, ExperimentError."""
    keys = as_object(training, MaximumLikelihoodTraining)
    unknown = [name for name in keys.must_beat if name not in BASELINES]
    if unknown:
        raise ExperimentError(f"training.must_beat may hold {', '.join(BASELINES)}, got {unknown[0]}.")
    began = time.monotonic()
    problem = stored_problem(Observations.open(dataset))
    likelihood = Likelihood(problem, Tolerances(keys.rtol, keys.atol))
    starts = _starts(likelihood, keys, context)
    best, found = _polished(likelihood, starts.best, keys), ()
    if keys.profile:
        log.info("Profiles of %d parameters ...", len(best.point))
        profiled = profiles(likelihood, best, DescentLimits(keys.max_iterations, PROFILE_TOLERANCE))
        best, found = profiled.best, profiled.profiles
    evaluated = likelihood(best.point)
    baselines = _baselines(likelihood, evaluated) if keys.must_beat else {}
    _must_beat(evaluated, baselines)
    values = [float(one.objective) for one in starts.optima]
    history = {"nll": ([float(i) for i in range(len(values))], [float(v) for v in np.minimum.accumulate(values)])}
    return LikelihoodFit(
        net=likelihood,
        data=None,
        history=history,
        best_interval=int(np.argmin(values)),
        minutes=(time.monotonic() - began) / 60,
        target="measurements",
        baselines=baselines,
        starts=starts,
        best=best,
        evaluated=evaluated,
        profiles=found,
    )


def _starts(likelihood: Likelihood, keys: MaximumLikelihoodTraining, context: FitContext) -> MultiStart:
    shown = bool(context.trainer.get("enable_progress_bar"))
    with Progress(console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("Starts", total=keys.n_starts)

        def after(number: int, own: Optimum, best: Optimum) -> bool:
            bar.advance(task)
            log.info(
                "Start %d of %d: negative log likelihood %.4f after %d iterations (%s); best so far %.4f.",
                *(number + 1, keys.n_starts, own.nll, own.iterations, own.message, best.nll),
            )
            for logger in context.loggers:
                logger.log_metrics({"start_nll": own.nll, "best_nll": best.nll}, step=number)
            if context.reports and best.is_finite:
                job.report(number, best.nll)
                return not job.should_stop()
            return True

        limits = DescentLimits(keys.max_iterations, keys.tolerance)
        seed = stream_seed(keys.seed, "model_init")
        return multi_start(
            likelihood, starts_of(likelihood.problem), keys.n_starts, seed, limits, context.folder, after
        )


def _polished(likelihood: Likelihood, best: Optimum, keys: MaximumLikelihoodTraining) -> Optimum:
    """The best of all starts, taken further until nothing is gained: a narrow valley ends many a descent early."""
    for _ in range(POLISHES):
        further = minimise(likelihood, best.point, DescentLimits(keys.max_iterations, keys.tolerance / 100, 0.0))
        if further.objective >= best.objective - keys.tolerance:
            return min(further, best, key=lambda one: one.objective)
        best = further
    return best


def _baselines(likelihood: Likelihood, evaluated: LikelihoodAt) -> Mapping[str, float]:
    """Residual sums of squares, in units of the noise of the fit, over observables with enough measurements: `fit`, and
    `constant`, the best single value of each observable.
    """
    names = np.array([one.observable for one in likelihood.problem.measurements])
    kinds = {one.id: one.transformation for one in likelihood.problem.observables}
    own, constant = 0.0, 0.0
    for name in np.unique(names):
        places = np.flatnonzero(names == name)
        if len(places) < FEWEST:
            continue
        m, sigma = likelihood.measured[places], evaluated.sigma[places]
        scale = {"lin": lambda v: v, "log": np.log, "log10": np.log10}[kinds[str(name)]]
        value, weight = scale(m), 1 / sigma**2
        centre = (weight * value).sum() / weight.sum()
        own += float((evaluated.residual[places] ** 2).sum())
        constant += float((weight * (value - centre) ** 2).sum())
    return {"constant": constant, "fit": own}


def _must_beat(evaluated: LikelihoodAt, baselines: Mapping[str, Any]) -> None:
    constant, own = baselines.get("constant", 0.0), baselines.get("fit", 0.0)
    if constant > 0 and own >= constant:
        raise FitFailed(
            f"The fit failed: its weighted sum of squares is {own:.4g}, and a constant for each observable leaves "
            f"{constant:.4g}. Raise training.n_starts, widen the bounds of the parameters, or accept any fit with "
            "training.must_beat=[]."
        )
