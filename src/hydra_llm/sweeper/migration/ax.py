"""Keys of hydra-ax-sweeper: ax_config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.sweeper.migration.translation import Translation


def from_ax(translation: Translation) -> None:
    node = translation.take("ax_config")
    if not isinstance(node, Mapping):
        return
    if node.get("max_trials") is not None:
        translation.give("n_trials", node["max_trials"], "hydra.sweeper.ax_config.max_trials")
    experiment, client = (node.get(name) or {} for name in ("experiment", "client"))
    if experiment.get("minimize") is not None:
        direction = "minimize" if experiment["minimize"] else "maximize"
        translation.give(
            "direction", direction, f"hydra.sweeper.ax_config.experiment.minimize={experiment['minimize']}"
        )
    translation.minimise_unless_told("hydra-ax-sweeper")
    if experiment.get("objective_name") is not None:
        translation.give("metric", experiment["objective_name"], "hydra.sweeper.ax_config.experiment.objective_name")
    if client.get("random_seed") is not None:
        translation.give("seed", client["random_seed"], "hydra.sweeper.ax_config.client.random_seed")
    dropped = sorted(set(node) - {"max_trials", "experiment", "client", "params"})
    if dropped:
        translation.say(f"Options of hydra.sweeper.ax_config have no meaning here: {', '.join(dropped)}.")
    params = {key: _dimension(spec) for key, spec in (node.get("params") or {}).items()}
    translation.give_params(params, "hydra.sweeper.ax_config.params")


def _dimension(spec: Any) -> Any:
    """{type: range | choice | fixed, bounds | values | value, log_scale}, as a parameter of ours."""
    if not isinstance(spec, Mapping):
        return spec
    kind = spec.get("type")
    if kind == "fixed":
        return spec.get("value")
    if kind == "choice":
        return {"type": "choice", "choices": list(spec.get("values") or ()), "ordered": bool(spec.get("is_ordered"))}
    low, high = spec["bounds"]
    whole = spec.get("value_type", "int" if isinstance(low, int) and isinstance(high, int) else "float") == "int"
    return {"type": "int" if whole else "float", "low": low, "high": high, "log": bool(spec.get("log_scale"))}
