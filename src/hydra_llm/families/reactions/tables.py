"""What was found, as CSV."""

import math
from typing import Any

import numpy as np

from hydra_llm.families.csv_text import csv_text
from hydra_llm.families.reactions.fit import LikelihoodFit
from hydra_llm.families.reactions.fitting.profiles import Profile
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood
from hydra_llm.families.reactions.petab.parameters import unscaled

NOT_DETERMINED = "not determined"


def status(profile: Profile | None) -> str:
    """In words; empty for a closed interval."""
    if profile is None:
        return ""
    if not profile.is_complete:
        return "profile not complete"
    if profile.low is None and profile.high is None:
        return NOT_DETERMINED
    if profile.low is None:
        return f"{NOT_DETERMINED} from below"
    return f"{NOT_DETERMINED} from above" if profile.high is None else ""


def parameters_table(fit: LikelihoodFit, reference: Any) -> str:
    """A row per estimated parameter: estimate, 95 % interval by its profile, and what the file or the truth says.

    standard_error: of the scaled parameter, from the Fisher information; empty where that does not determine it.
    """
    likelihood: Likelihood = fit.net
    theta = likelihood.theta(fit.best.point)
    errors = standard_errors(fit)
    by_place = {one.place: one for one in fit.profiles}
    other = "true" if reference.is_truth else "nominal"
    title = ("parameter", "scale", "estimate", "low_95", "high_95", "status", "standard_error", "lower_bound")
    rows = []
    for place, one in enumerate(likelihood.problem.estimated):
        profile = by_place.get(place)
        ends = [None, None] if profile is None else [profile.low, profile.high]
        given = reference.values.get(one.id)
        rows.append(
            [
                one.id,
                one.scale,
                _number(theta[place]),
                *("" if end is None else _number(unscaled(end, one.scale)) for end in ends),
                status(profile),
                _number(errors[place]),
                _number(one.lower),
                _number(one.upper),
                "" if given is None else _number(unscaled(given, one.scale)),
            ]
        )
    return csv_text((*title, "upper_bound", other), rows)


def standard_errors(fit: LikelihoodFit) -> np.ndarray:
    """Of the scaled parameters; NaN where the Fisher information is singular."""
    information = fit.evaluated.information
    assert information is not None
    values, vectors = np.linalg.eigh(information)
    resolved = values > 1e-10 * max(values[-1], 1e-300)
    lost = (vectors[:, ~resolved] ** 2).sum(axis=1) > 1e-6
    variance = (vectors[:, resolved] ** 2 / values[resolved]).sum(axis=1)
    return np.where(lost, np.nan, np.sqrt(variance))


def measurements_table(fit: LikelihoodFit) -> str:
    """A row per measurement: model and noise in the unit of the observable (noise: of its transformed value)."""
    title = ("observable", "preequilibration", "condition", "time", "measurement", "model", "noise", "residual")
    found = fit.evaluated
    rows = (
        [
            one.observable,
            one.preequilibration or "",
            one.condition,
            *map(_number, (one.time, one.value, found.y[i], found.sigma[i], found.residual[i])),
        ]
        for i, one in enumerate(fit.net.problem.measurements)
    )
    return csv_text(title, rows)


def starts_table(fit: LikelihoodFit) -> str:
    rows = (
        [str(i), _number(one.objective), _number(one.nll), str(one.iterations), one.message]
        for i, one in enumerate(fit.starts.optima)
    )
    return csv_text(("start", "objective", "nll", "iterations", "ended_by"), rows)


def profiles_table(fit: LikelihoodFit) -> str:
    """A row per point: parameter, its value, twice the objective above its minimum."""
    problem = fit.net.problem
    rows = (
        [problem.estimated[one.place].id, _number(unscaled(float(v), problem.estimated[one.place].scale)), _number(r)]
        for one in fit.profiles
        for v, r in zip(one.values, one.rise, strict=True)
    )
    return csv_text(("parameter", "value", "twice_the_rise"), rows)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.8g}"
