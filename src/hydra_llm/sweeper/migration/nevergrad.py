"""Keys of hydra-nevergrad-sweeper: optim, parametrization, and its scalars in params."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.migration.steps import spaced
from hydra_llm.sweeper.migration.translation import Translation

OURS = {"budget": "n_trials", "num_workers": "n_parallel", "seed": "seed", "max_failure_rate": "max_failure_rate"}
SCALAR = {"init", "step", "lower", "upper", "log", "integer"}  # how it describes a number
STEPS = 5  # from init to either end of a range that is not given


def from_nevergrad(translation: Translation) -> None:
    optim = translation.take("optim")
    if isinstance(optim, Mapping):
        for name, ours in OURS.items():
            if optim.get(name) is not None:
                translation.give(ours, optim[name], f"hydra.sweeper.optim.{name}")
        if optim.get("maximize") is not None:
            direction = "maximize" if optim["maximize"] else "minimize"
            translation.give("direction", direction, f"hydra.sweeper.optim.maximize={optim['maximize']}")
        translation.minimise_unless_told("hydra-nevergrad-sweeper")
        dropped = sorted(set(optim) - {*OURS, "maximize"})
        if dropped:
            translation.say(f"Options of hydra.sweeper.optim have no meaning here: {', '.join(dropped)}.")
    parametrization = translation.take("parametrization")
    if parametrization:
        place = "hydra.sweeper.parametrization"  # until its version 1.1
        translation.give_params(
            {key: _dimension(place, key, spec, translation) for key, spec in parametrization.items()}, place
        )
    params = translation.options.get("params")
    if isinstance(optim, Mapping) and isinstance(params, Mapping):
        scalars = {key: spec for key, spec in params.items() if isinstance(spec, Mapping) and SCALAR.issuperset(spec)}
        found = {key: _dimension("hydra.sweeper.params", key, spec, translation) for key, spec in scalars.items()}
        translation.options["params"] = {**params, **found}


def _dimension(place: str, key: str, spec: Any, translation: Translation) -> Any:
    """{init, lower, upper, log, step, integer}, as a parameter of ours; texts are of Hydra's grammar in both."""
    if not isinstance(spec, Mapping):
        return spec
    kind, log = int if spec.get("integer") else float, bool(spec.get("log"))
    if spec.get("lower") is None or spec.get("upper") is None:
        low, high = _reach(place, key, spec)
        translation.say(
            f"{place}.{key} is not bounded, and every parameter is here: it is searched from "
            f"{low:g} to {high:g}, {STEPS} steps from init to each side. Set lower and upper for another range."
        )
        return {"type": kind.__name__, "low": kind(low), "high": kind(high), "log": log}
    low, high = kind(spec["lower"]), kind(spec["upper"])
    if spec.get("step") is not None and not log:  # with log it is a factor of the first mutations
        return spaced(low, high, kind(spec["step"]))
    return {"type": kind.__name__, "low": low, "high": high, "log": log}


def _reach(place: str, key: str, spec: Mapping[str, Any]) -> tuple[float, float]:
    """Bounds where one or both are missing: STEPS steps from init, which are factors on a log scale."""
    init, step = spec.get("init"), spec.get("step")
    if init is None or step is None:
        raise SweepError(
            f"{place}.{key} must have lower and upper, or init and step from which a range "
            f"follows, got {', '.join(spec) or 'nothing'}."
        )
    if spec.get("log"):
        low, high = init / step**STEPS, init * step**STEPS
    else:
        low, high = init - STEPS * step, init + STEPS * step
    lower, upper = spec.get("lower"), spec.get("upper")
    return float(low if lower is None else lower), float(high if upper is None else upper)
