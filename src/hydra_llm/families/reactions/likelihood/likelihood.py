"""The negative log likelihood of a PEtab problem over its estimated parameters, each on its own scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed, Tolerances
from hydra_llm.families.reactions.dynamics.trajectory import Trajectory
from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.likelihood.experiments import Experiments
from hydra_llm.families.reactions.likelihood.noise import terms
from hydra_llm.families.reactions.likelihood.observed import ObservableFunction, Values
from hydra_llm.families.reactions.likelihood.open_values import OpenValues
from hydra_llm.families.reactions.likelihood.priors import prior_term
from hydra_llm.families.reactions.petab.parameters import scaled, slopes, unscaled
from hydra_llm.families.reactions.petab.problem import Measurement, Observable, PetabProblem


@dataclass(frozen=True)
class LikelihoodAt:
    """nll: of the measurements. objective: nll minus the log of priors. gradient, information [parameter, parameter]
    (Fisher's, of the noise model): of the objective, None where not asked for. y, sigma, residual [measurement]: model,
    noise, and the difference of the transformed values over the noise.
    """

    nll: float
    objective: float
    gradient: np.ndarray | None
    information: np.ndarray | None
    y: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray

    @property
    def chi2(self) -> float:
        return float((self.residual**2).sum())


@dataclass(frozen=True)
class _Group:
    """The measurements of one observable in one experiment. places: in the problem's table; at: of experiment.times."""

    observable: Observable
    function: ObservableFunction
    experiment: int
    places: np.ndarray
    at: np.ndarray
    placeholders: tuple[OpenValues, ...]  # one per measurement


class Likelihood:
    """Raises ModelError, NotSupported where the problem cannot be simulated."""

    def __init__(self, problem: PetabProblem, tolerances: Tolerances | None = None) -> None:
        self.problem, self.tolerances = problem, tolerances or Tolerances()
        self.scales = [one.scale for one in problem.estimated]
        self.lower = np.array([scaled(one.lower, one.scale) for one in problem.estimated])
        self.upper = np.array([scaled(one.upper, one.scale) for one in problem.estimated])
        self._experiments = Experiments(problem)
        self.measured = np.array([one.value for one in problem.measurements])
        self._groups = self._grouped()
        self.n_evaluations = 0

    @property
    def names(self) -> list[str]:
        return [one.id for one in self.problem.estimated]

    @property
    def n_experiments(self) -> int:
        return len(self._experiments.all)

    def theta(self, point: np.ndarray) -> np.ndarray:
        """Parameters that are not scaled."""
        return np.array([unscaled(float(v), scale) for v, scale in zip(point, self.scales, strict=True)])

    def nominal(self) -> np.ndarray | None:
        """The nominal values of the file, scaled; None where one is missing."""
        values = [(one.nominal, one.scale) for one in self.problem.estimated]
        if any(not np.isfinite(value) or (scale != "lin" and value <= 0) for value, scale in values):
            return None
        return np.array([scaled(value, scale) for value, scale in values])

    def _grouped(self) -> list[_Group]:
        found: dict[tuple[str, int], list[int]] = {}
        for place, one in enumerate(self.problem.measurements):
            experiment = self._experiments.places[one.preequilibration, one.condition]
            found.setdefault((one.observable, experiment), []).append(place)
        by_id = {one.id: one for one in self.problem.observables}
        used = dict.fromkeys(name for name, _ in found)
        functions = {name: ObservableFunction(by_id[name], self.problem, self._experiments.system) for name in used}
        groups = []
        for (name, experiment), places in found.items():
            own = [self.problem.measurements[place] for place in places]
            times = self._experiments.all[experiment].times
            at = np.searchsorted(times, [one.time for one in own])
            values = tuple(self._placeholders(one, functions[name]) for one in own)
            groups.append(_Group(by_id[name], functions[name], experiment, np.array(places), at, values))
        return groups

    def _placeholders(self, one: Measurement, function: ObservableFunction) -> OpenValues:
        given = {"observable": one.observable_overrides, "noise": one.noise_overrides}
        entries = []
        for kind, cells in given.items():
            wanted = [symbol for symbol in function.placeholders if str(symbol).startswith(f"{kind}Parameter")]
            if len(wanted) != len(cells):
                raise ModelError(
                    f"A measurement of {one.observable} gives {len(cells)} {kind}Parameters, and its formula has "
                    f"{len(wanted)} placeholders."
                )
            entries += [self._experiments.cells.entry(cell, f"{kind}Parameters of {one.observable}") for cell in cells]
        return OpenValues.of(entries)

    def trajectories(self, point: np.ndarray, *, gradient: bool = False) -> list[Trajectory]:
        """Of every experiment. Raises IntegrationFailed."""
        theta = self.theta(point)
        steep = slopes(theta, self.scales) if gradient else None
        system = self._experiments.system
        return [one.simulate(system, theta, steep, self.tolerances) for one in self._experiments.all]

    def __call__(self, point: np.ndarray, *, gradient: bool = True) -> LikelihoodAt:
        """At scaled parameters. Raises IntegrationFailed where the system cannot be integrated there."""
        self.n_evaluations += 1
        theta = self.theta(point)
        steep = slopes(theta, self.scales)
        paths = self.trajectories(point, gradient=gradient)
        n, p = len(self.measured), len(point)
        y, sigma, value, residual = (np.empty(n) for _ in range(4))
        total, information = np.zeros(p), np.zeros((p, p))
        everything = np.arange(p)
        for group in self._groups:
            experiment, path = self._experiments.all[group.experiment], paths[group.experiment]
            found = self._values(group, path, theta)
            m = self.measured[group.places]
            t = terms(m, found.y, found.sigma, group.observable.transformation, group.observable.distribution)
            y[group.places], sigma[group.places] = found.y, found.sigma
            value[group.places], residual[group.places] = t.value, t.residual
            if not gradient:
                continue
            both = []
            for part in range(2):  # of y, of sigma
                slope = found.by_constant[part] @ experiment.condition.k.gradient(steep, everything)
                if path.s is not None and len(experiment.columns):
                    moved = np.einsum("mn,mpn->mp", found.by_state[part], path.s[group.at])
                    slope[:, experiment.columns] += moved
                if found.by_placeholder[part].any():
                    inner = np.array([one.gradient(steep, everything) for one in group.placeholders])
                    slope += np.einsum("mq,mqp->mp", found.by_placeholder[part], inner)
                both.append(slope)
            total += t.by_y @ both[0] + t.by_sigma @ both[1]
            information += (both[0] * t.curvature_y[:, None]).T @ both[0]
            information += (both[1] * t.curvature_sigma[:, None]).T @ both[1]
        nll = float(value.sum())
        if not np.isfinite(nll):
            raise IntegrationFailed("The likelihood is not finite.")
        prior, slope, curvature = self._prior(point)
        if not gradient:
            return LikelihoodAt(nll, nll + prior, None, None, y, sigma, residual)
        if not (np.isfinite(total).all() and np.isfinite(information).all()):
            raise IntegrationFailed("The gradient of the likelihood is not finite.")
        return LikelihoodAt(nll, nll + prior, total + slope, information + np.diag(curvature), y, sigma, residual)

    def model(self, point: np.ndarray) -> np.ndarray:
        """What the model says [measurement], untransformed. Raises IntegrationFailed."""
        theta, paths, y = self.theta(point), self.trajectories(point), np.empty(len(self.measured))
        for group in self._groups:
            y[group.places] = self._values(group, paths[group.experiment], theta).y
        return y

    def _values(self, group: _Group, path: Trajectory, theta: np.ndarray) -> Values:
        experiment = self._experiments.all[group.experiment]
        own = np.array([one.values(theta) for one in group.placeholders]).reshape(len(group.places), -1)
        k = experiment.condition.k.values(theta)
        return group.function.values(experiment.times[group.at], path.x[group.at], k, own)

    def _prior(self, point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Minus the log density of all priors, its gradient and its second derivatives."""
        found = [prior_term(one, float(v)) for one, v in zip(self.problem.estimated, point, strict=True)]
        slope, curvature = (np.array([getattr(one, name) for one in found]) for name in ("slope", "curvature"))
        return sum(one.value for one in found), slope, curvature

    def has_priors(self) -> bool:
        return any(one.prior is not None for one in self.problem.estimated)

    def observable_of(self, place: int) -> Observable:
        """Of a measurement."""
        return next(one for one in self.problem.observables if one.id == self.problem.measurements[place].observable)


def starts_of(problem: PetabProblem) -> Sequence[tuple[float, float]]:
    """The ranges, scaled, from which initial values are drawn."""
    return [one.start for one in problem.estimated]
