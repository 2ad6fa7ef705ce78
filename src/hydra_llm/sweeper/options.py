"""The sweeper's options as plain values of the right types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from hydra_llm.sweeper.errors import SweepError
from hydra_plugins.hydra_llm_ucb_sweeper.config import PRUNING, STOP, SWEEPER

NULLABLE: dict[str, tuple[type, ...]] = {
    "params": (dict,),
    "block_params": (dict,),
    "slot_params": (dict,),
    "start": (str,),
    "constraint": (str,),
    "metric": (str,),
    "direction": (str,),
    "target": (int, float),
    "ucb_c": (int, float),
    "wandb_project": (str,),
    "seed_keys": (list,),
    "gpu_slots": (list,),
    "n_iter_block": (int,),
    "max_batch_size": (int,),
    "job_timeout_s": (int, float),
    "max_hours": (int, float),
    "patience": (int,),
    "target_value": (int, float),
    "max_failures": (int,),
    "max_llm_tokens": (int,),
    "max_llm_cost": (int, float),
    "rule": (str,),
    "max_minutes": (int, float),
    "keep": (str,),
}
WORDS = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def read_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data with checked types; keys of `llm` that are null are left to its own defaults."""
    options = {key: _plain(value) for key, value in raw.items()}
    for key, value in options.items():
        if key not in ("llm", "stop", "pruning"):
            _check(key, value, SWEEPER[key])
    options["llm"] = {key: value for key, value in (options.get("llm") or {}).items() if value is not None}
    options["stop"] = options.get("stop") or {}
    for key, value in options["stop"].items():
        _check(key, value, STOP[key], prefix="stop.")
    options["pruning"] = options.get("pruning") or {}
    for key, value in options["pruning"].items():
        if not (key == "watch_s" and value is None):
            _check(key, value, PRUNING[key], prefix="pruning.")
    return options


def _check(key: str, value: Any, default: Any, prefix: str = "") -> None:
    kinds = NULLABLE[key] if default is None else (int, float) if isinstance(default, float) else (type(default),)
    if value is None and default is None:
        return
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        expected = WORDS[kinds[-1]]
        raise SweepError(f"hydra.sweeper.{prefix}{key}={value!r} is no valid value, {expected} was expected.")


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
