"""What a maximum likelihood fit found: no truth is needed; where there is one, estimates are compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.families.evaluation import Evaluation, OracleReport
from hydra_llm.families.fitting import Fit
from hydra_llm.families.reactions import tables
from hydra_llm.families.reactions.config import MaximumLikelihoodTraining
from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed, Tolerances
from hydra_llm.families.reactions.figures.fits import fits
from hydra_llm.families.reactions.figures.profiles import profile_figure
from hydra_llm.families.reactions.figures.waterfall import waterfall
from hydra_llm.families.reactions.fit import LikelihoodFit
from hydra_llm.families.reactions.fitting.profiles import Profile
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood
from hydra_llm.families.reactions.petab.parameters import scaled
from hydra_llm.families.reactions.system.measurements import stored_problem
from hydra_llm.metrics.scores import identity_r2
from hydra_llm.schema.fields import as_object


@dataclass(frozen=True)
class Reference:
    """Values that somebody gives the estimated parameters, scaled, and the likelihood there (None where it has none).

    is_truth: False for nominal values of a file, which are somebody's fit.
    """

    values: Mapping[str, float]
    is_truth: bool
    nll: float | None


def recorded(dataset: Dataset) -> str:
    """What the data set holds, in words."""
    problem = stored_problem(dataset.observations())
    conditions = {(one.preequilibration, one.condition) for one in problem.measurements}
    return (
        f"{len(problem.measurements):,} measurements of {len({one.observable for one in problem.measurements})} "
        f"observables under {len(conditions)} conditions; {len(problem.network.states)} states, "
        f"{len(problem.network.reactions)} reactions, {len(problem.estimated)} parameters to estimate."
    )


class LikelihoodEvaluator:
    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._observations, self._meta = dataset.observations(), dataset.truth().meta
        keys = as_object(training, MaximumLikelihoodTraining)
        self._tolerances = Tolerances(keys.rtol, keys.atol)

    def oracle(self) -> OracleReport[Reference]:
        """The likelihood of the reference: of the truth, or of the file's nominal values."""
        likelihood = Likelihood(stored_problem(self._observations), self._tolerances)
        given, is_truth = self._meta["reference"], bool(self._meta["is_truth"])
        what = "true" if is_truth else "nominal"
        values = {
            name: scaled(given[name], scale)
            for name, scale in zip(likelihood.names, likelihood.scales, strict=True)
            if name in given and (scale == "lin" or given[name] > 0)
        }
        if set(values) != set(likelihood.names):
            return OracleReport(Reference(values, is_truth, None), {}, f"Not every parameter has a {what} value.")
        try:
            found = likelihood(np.array([values[name] for name in likelihood.names]), gradient=False)
        except IntegrationFailed:
            sentence = f"At the {what} values the model cannot be integrated with these tolerances."
            return OracleReport(Reference(values, is_truth, None), {}, sentence)
        sentence = (
            f"At the {what} values of the parameters the negative log likelihood is {found.nll:.4f} (chi2 "
            f"{found.chi2:.1f} of {len(likelihood.measured)} measurements)."
        )
        scores = {"oracle_nll": found.nll, "oracle_chi2": found.chi2}
        return OracleReport(Reference(values, is_truth, found.nll), scores, sentence)

    def score(self, fit: Fit, oracle: OracleReport[Reference]) -> "LikelihoodEvaluation":
        fit = _own(fit)
        likelihood: Likelihood = fit.net
        found, n, p = fit.evaluated, len(likelihood.measured), len(fit.best.point)
        metrics = {
            "nll": found.nll,
            "chi2": found.chi2,
            "chi2_per_measurement": found.chi2 / n,
            "aic": 2 * found.nll + 2 * p,
            "bic": 2 * found.nll + p * float(np.log(n)),
            "n_measurements": float(n),
            "n_parameters": float(p),
            "n_starts": float(len(fit.starts.optima)),
            "starts_at_best": float(fit.starts.n_at_best),
            "starts_failed": float(fit.starts.n_failed),
            "likelihood_evaluations": float(likelihood.n_evaluations),
        }
        if likelihood.has_priors():
            metrics["objective"] = found.objective
        if "constant" in fit.baselines:
            metrics["chi2_constant"] = fit.baselines["constant"]
        theta = likelihood.theta(fit.best.point)
        metrics |= {f"estimate_{name}": float(v) for name, v in zip(likelihood.names, theta, strict=True)}
        if fit.profiles:
            metrics["parameters_determined"] = float(sum(one.is_determined for one in fit.profiles))
        if oracle.found.is_truth:
            metrics |= _against_truth(fit, oracle.found)
        return LikelihoodEvaluation(metrics, oracle.found)

    def tables(self, fit: Fit, evaluation: "LikelihoodEvaluation") -> dict[str, str]:
        fit = _own(fit)
        return {
            "parameters.csv": tables.parameters_table(fit, evaluation.reference),
            "measurements.csv": tables.measurements_table(fit),
            "starts.csv": tables.starts_table(fit),
            **({"profiles.csv": tables.profiles_table(fit)} if fit.profiles else {}),
        }

    def figures(self, fit: Fit, evaluation: "LikelihoodEvaluation") -> dict[str, Figure]:
        fit = _own(fit)
        return {
            **fits(fit.net, fit.best.point, fit.evaluated),
            "waterfall": waterfall(fit.starts),
            **profile_figure(fit, evaluation.reference),
        }

    def sketches(self, fit: Fit, evaluation: Any) -> dict[str, Figure]:
        return {"waterfall": waterfall(_own(fit).starts)}


def _own(fit: Fit) -> LikelihoodFit:
    assert isinstance(fit, LikelihoodFit)
    return fit


@dataclass(frozen=True)
class LikelihoodEvaluation(Evaluation):
    reference: Reference


def _against_truth(fit: LikelihoodFit, truth: Reference) -> dict[str, float]:
    """parameters_R2 over the scaled values, _identifiable: of closed intervals; coverage_95: the share of true values
    inside their intervals.
    """
    names = fit.net.names
    true = np.array([truth.values[name] for name in names])
    scores: dict[str, float] = {}
    r2 = identity_r2(fit.best.point, true)
    if r2 is not None:
        scores["parameters_R2"] = r2
    if fit.profiles:
        inside = [covers(one, true[one.place]) for one in fit.profiles]
        scores["parameters_coverage_95"] = float(np.mean(inside))
        determined = [hit for hit, one in zip(inside, fit.profiles, strict=True) if one.is_determined]
        if determined:
            scores["parameters_coverage_95_determined"] = float(np.mean(determined))
            places = [one.place for one in fit.profiles if one.is_determined]
            own = identity_r2(fit.best.point[places], true[places])
            if own is not None:
                scores["parameters_R2_identifiable"] = own
    return scores


def covers(profile: Profile, value: float) -> bool:
    """Whether the interval of a profile holds a scaled value; an open side reaches the bound."""
    above = profile.low is None or profile.low <= value
    return above and (profile.high is None or value <= profile.high)
