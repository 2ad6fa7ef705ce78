"""Keys of hydra-nevergrad-sweeper: optim, parametrization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.sweeper.migration.steps import spaced
from hydra_llm.sweeper.migration.translation import Translation

OURS = {"budget": "n_trials", "num_workers": "n_parallel", "seed": "seed", "max_failure_rate": "max_failure_rate"}


def from_nevergrad(translation: Translation) -> None:
    optim = translation.take("optim")
    if isinstance(optim, Mapping):
        for name, ours in OURS.items():
            if optim.get(name) is not None:
                translation.give(ours, optim[name], f"hydra.sweeper.optim.{name}")
        if optim.get("maximize") is not None:
            direction = "maximize" if optim["maximize"] else "minimize"
            translation.give("direction", direction, f"hydra.sweeper.optim.maximize={optim['maximize']}")
        dropped = sorted(set(optim) - {*OURS, "maximize"})
        if dropped:
            translation.say(f"Options of hydra.sweeper.optim have no meaning here: {', '.join(dropped)}.")
    parametrization = translation.take("parametrization")
    if parametrization:
        params = {key: _dimension(spec) for key, spec in parametrization.items()}
        translation.give_params(params, "hydra.sweeper.parametrization")


def _dimension(spec: Any) -> Any:
    """{init, lower, upper, log, step, integer}, as a parameter of ours; texts are of Hydra's grammar in both."""
    if not isinstance(spec, Mapping) or spec.get("lower") is None or spec.get("upper") is None:
        return spec
    kind = int if spec.get("integer") else float
    low, high = kind(spec["lower"]), kind(spec["upper"])
    if spec.get("step") is not None and not spec.get("log"):  # with log it is a factor of the first mutations
        return spaced(low, high, kind(spec["step"]))
    return {"type": kind.__name__, "low": low, "high": high, "log": bool(spec.get("log"))}
