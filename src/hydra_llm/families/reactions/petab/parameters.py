"""The parameter table: which parameters are estimated, on which scale, within which bounds."""

import math
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.petab.tables import Row, choice_of, is_missing, number_of, required_number

SCALES = ("lin", "log", "log10")
UNIFORM = ("uniform", "parameterScaleUniform")
PRIORS = (*UNIFORM, "normal", "laplace", "logNormal", "logLaplace", "parameterScaleNormal", "parameterScaleLaplace")


@dataclass(frozen=True)
class PetabParameter:
    """lower, upper, nominal: not scaled; NaN where the file gives none. start: range of initial values, scaled.

    prior: kind, centre and width of a density (hydra_llm.families.reactions.likelihood.priors), or None.
    """

    id: str
    scale: str
    lower: float
    upper: float
    nominal: float
    estimate: bool
    start: tuple[float, float]
    prior: tuple[str, float, float] | None = None


def scaled(value: float, scale: str) -> float:
    return {"lin": float, "log": math.log, "log10": math.log10}[scale](value)


def unscaled(value: float, scale: str) -> float:
    return {"lin": float, "log": math.exp, "log10": lambda v: 10.0**v}[scale](value)


def slopes(theta: np.ndarray, scales: list[str]) -> np.ndarray:
    """d(parameter)/d(scaled parameter) at parameters theta that are not scaled."""
    factor = {"lin": None, "log": 1.0, "log10": math.log(10)}
    return np.array([1.0 if factor[s] is None else v * factor[s] for v, s in zip(theta, scales, strict=True)])


def parameter_of(row: Row) -> PetabParameter:
    """Raises ModelError, NotSupported."""
    name = row["parameterId"]
    place = f"Parameter {name}"
    scale = choice_of(row, "parameterScale", "lin", SCALES, place)
    estimate = choice_of(row, "estimate", "1", ("0", "1", "0.0", "1.0"), place) in ("1", "1.0")
    nominal = row.get("nominalValue", "")
    value = math.nan if is_missing(nominal) else required_number(row, "nominalValue", place)
    if not estimate:
        if math.isnan(value):
            raise ModelError(f"{place} is not estimated (estimate 0) and needs a nominalValue.")
        return PetabParameter(name, scale, math.nan, math.nan, value, False, (math.nan, math.nan))
    lower, upper = (required_number(row, column, place) for column in ("lowerBound", "upperBound"))
    if not lower < upper:
        raise ModelError(f"{place}: lowerBound must be below upperBound, got {lower:g} and {upper:g}.")
    if scale != "lin" and lower <= 0:
        raise ModelError(f"{place} is on the scale {scale}: its lowerBound must be above 0, got {lower:g}.")
    bounds = scaled(lower, scale), scaled(upper, scale)
    return PetabParameter(name, scale, lower, upper, value, True, _start(row, scale, bounds, place), _prior(row, place))


def _numbers(row: Row, column: str, place: str) -> tuple[float, float]:
    parts = [number_of(part) for part in row.get(column, "").split(";")]
    if len(parts) != 2 or any(part is None for part in parts):
        raise ModelError(f"{place}: {column} must be two numbers a;b, got {row.get(column)!r}.")
    return parts[0], parts[1]  # type: ignore[return-value]


def _start(row: Row, scale: str, bounds: tuple[float, float], place: str) -> tuple[float, float]:
    """The range from which initial values are drawn evenly."""
    kind = row.get("initializationPriorType", "")
    if is_missing(kind) or kind not in UNIFORM or is_missing(row.get("initializationPriorParameters")):
        return bounds  # another density of starts changes no likelihood
    low, high = _numbers(row, "initializationPriorParameters", place)
    if kind == "uniform":
        low, high = (scaled(max(one, 1e-300) if scale != "lin" else one, scale) for one in (low, high))
    return max(low, bounds[0]), min(high, bounds[1])


def _prior(row: Row, place: str) -> tuple[str, float, float] | None:
    kind = row.get("objectivePriorType", "")
    if is_missing(kind) or kind in UNIFORM:
        return None  # within the bounds it is a constant
    if kind not in PRIORS:
        raise ModelError(f"{place}: objectivePriorType must be one of {', '.join(PRIORS)}, got {kind!r}.")
    centre, width = _numbers(row, "objectivePriorParameters", place)
    if width <= 0:
        raise ModelError(f"{place}: the width of its prior must be above 0, got {width:g}.")
    return kind, centre, width
