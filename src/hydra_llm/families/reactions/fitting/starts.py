"""Many descents from different starts: a likelihood of reaction networks has many minima.

Starts are scrambled Sobol points over the bounds, on the scales of the parameters; those of a larger number of starts
begin with those of a smaller one. A start at which the system cannot be integrated is drawn again. A run that its
scheduler starts again in the same folder keeps the starts that are done.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from hydra_llm.families.errors import FitFailed
from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
from hydra_llm.families.reactions.fitting.optimum import DescentLimits, Optimum, minimise
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood

log = logging.getLogger(__name__)

DRAWS = 100  # points tried for one start
SAME = 0.1  # difference of the objective up to which two starts have reached the same value
DONE = "starts.jsonl"


@dataclass(frozen=True)
class MultiStart:
    """optima: one per start, in the order of the starts."""

    optima: tuple[Optimum, ...]

    @property
    def best(self) -> Optimum:
        return min(self.optima, key=lambda one: one.objective)

    @property
    def n_at_best(self) -> int:
        """Starts within SAME of the best."""
        return sum(one.objective <= self.best.objective + SAME for one in self.optima)

    @property
    def n_failed(self) -> int:
        """Starts from which nothing could be evaluated."""
        return sum(not one.is_finite for one in self.optima)


def multi_start(
    likelihood: Likelihood,
    ranges: Sequence[tuple[float, float]],
    n_starts: int,
    seed: int,
    limits: DescentLimits,
    folder: Path | None = None,
    after: Callable[[int, Optimum, Optimum], bool] = lambda number, own, best: True,
) -> MultiStart:
    """after(number, optimum, best so far): whether to go on. folder: where finished starts are kept.

    Raises FitFailed where no start could be evaluated.
    """
    low, high = (np.array(side) for side in zip(*ranges, strict=True))
    sample = qmc.Sobol(len(low), rng=np.random.default_rng(seed)).random_base2((n_starts - 1).bit_length())
    optima = _left(folder, likelihood, n_starts, seed)
    for number in range(len(optima), n_starts):
        own = np.random.default_rng([seed, number])  # so that a resumed run draws the same
        start = _evaluable(likelihood, low, high, sample[number], own)
        if start is None:
            start = low + sample[number] * (high - low)
            found = Optimum(start, np.inf, np.inf, 0, f"none of {DRAWS} points could be integrated")
        else:
            found = minimise(likelihood, start, limits)
        optima.append(found)
        _keep(folder, found, likelihood, seed)
        if not after(number, found, min(optima, key=lambda one: one.objective)):
            log.info("Stopped after %d of %d starts.", number + 1, n_starts)
            break
    result = MultiStart(tuple(optima))
    if not result.best.is_finite:
        raise FitFailed(
            f"The fit failed: the model could be integrated at none of {DRAWS} points for each of "
            f"{len(optima)} starts. Narrow the bounds of the parameters, or set looser tolerances (training.rtol, "
            "training.atol)."
        )
    return result


def _evaluable(
    likelihood: Likelihood, low: np.ndarray, high: np.ndarray, first: np.ndarray, generator: np.random.Generator
) -> np.ndarray | None:
    share = first
    for _ in range(DRAWS):
        point = low + share * (high - low)
        try:
            likelihood(point)
            return point
        except IntegrationFailed:
            share = generator.random(len(low))
    return None


def _identity(likelihood: Likelihood, seed: int) -> list[object]:
    return [seed, likelihood.names, likelihood.lower.tolist(), likelihood.upper.tolist()]


def _keep(folder: Path | None, one: Optimum, likelihood: Likelihood, seed: int) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    line = {
        "of": _identity(likelihood, seed),
        "point": one.point.tolist(),
        "objective": one.objective,
        "nll": one.nll,
        "iterations": one.iterations,
        "message": one.message,
    }
    with (folder / DONE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _left(folder: Path | None, likelihood: Likelihood, n_starts: int, seed: int) -> list[Optimum]:
    """Starts that an earlier attempt of the same run has finished; a line that was cut off ends them."""
    path = None if folder is None else folder / DONE
    if path is None or not path.exists():
        return []
    found: list[Optimum] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            one = json.loads(line)
        except json.JSONDecodeError:
            break
        if one.pop("of") != _identity(likelihood, seed):
            return []
        found.append(Optimum(np.array(one.pop("point")), **one))
    if found:
        log.info("%d starts of this run are done; it goes on after them.", len(found[:n_starts]))
    return found[:n_starts]
