"""One descent to a minimum of the objective inside its bounds.

The optimiser is fides (Froehlich and Sorger, PLoS Comput Biol 2022, doi:10.1371/journal.pcbi.1010322), the interior
trust-region reflective method of Coleman and Li with the Fisher information in place of the Hessian.
"""

import logging
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
from hydra_llm.families.reactions.errors import fides
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

STILL = 1e-9  # length of a step, in units of the distance to the bounds, below which a descent ends
MARGIN = 1e-8  # share of the range by which a start keeps away from its bounds


@dataclass(frozen=True)
class Optimum:
    """point: scaled parameters. objective, nll: there; infinite where nothing could be evaluated. message: why the
    descent ended.
    """

    point: np.ndarray
    objective: float
    nll: float
    iterations: int
    message: str

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.objective))


@dataclass(frozen=True)
class DescentLimits:
    """iterations: at most. absolute, relative: change of the objective below which a descent ends."""

    iterations: int
    absolute: float = 1e-6
    relative: float = 1e-9


def minimise(likelihood: Likelihood, start: np.ndarray, limits: DescentLimits, fixed: int | None = None) -> Optimum:
    """From a start inside the bounds. fixed: place of a parameter that keeps its value."""
    free = np.array([i for i in range(len(start)) if i != fixed], dtype=int)
    lower, upper = likelihood.lower[free], likelihood.upper[free]
    margin = MARGIN * (upper - lower)
    best: list[tuple[float, float, np.ndarray]] = []

    def whole(part: np.ndarray) -> np.ndarray:
        point = np.array(start, dtype=float)
        point[free] = part
        return point

    def evaluate(part: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        point = whole(part)
        try:
            found = likelihood(point)
        except IntegrationFailed:
            lost = np.full(len(free), np.nan)  # a gradient of zeros would count as converged
            return np.inf, lost, np.full((len(free), len(free)), np.nan)
        assert found.gradient is not None
        assert found.information is not None
        if not best or found.objective < best[0][0]:
            best[:] = [(found.objective, found.nll, point)]
        return found.objective, found.gradient[free], found.information[np.ix_(free, free)]

    if not len(free):
        value = evaluate(np.array([]))[0]
        return Optimum(np.array(start), value, best[0][1] if best else np.inf, 1, "nothing is free")
    module = fides()
    options = {
        module.Options.MAXITER: limits.iterations,
        module.Options.FATOL: limits.absolute,
        module.Options.FRTOL: limits.relative,
        module.Options.XTOL: STILL,
        module.Options.GATOL: 1e-7,
        module.Options.GRTOL: 0.0,
    }
    optimiser = module.Optimizer(evaluate, ub=upper, lb=lower, verbose=logging.CRITICAL, options=options)
    begin = np.clip(np.asarray(start, dtype=float)[free], lower + margin, upper - margin)
    with np.errstate(all="ignore"):
        try:
            optimiser.minimize(begin)
            message = str(getattr(optimiser.exitflag, "name", optimiser.exitflag)).lower().replace("_", " ")
        except (np.linalg.LinAlgError, RuntimeError, ValueError, FloatingPointError) as error:
            message = f"stopped: {error}"
    if not best:
        return Optimum(whole(begin), np.inf, np.inf, int(optimiser.iteration), "the system could not be integrated")
    objective, nll, point = best[0]
    return Optimum(point, objective, nll, int(optimiser.iteration), message)
