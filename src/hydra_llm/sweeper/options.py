"""The sweeper's options as plain values that their keys take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from hydra_llm.keys.key import Table, check
from hydra_llm.keys.sweeper import CONFIRM, LLM, PRUNING, STOP, SWEEPER
from hydra_llm.sweeper.errors import SweepError

NODES: Mapping[str, Table] = {"confirm": CONFIRM, "llm": LLM, "stop": STOP, "pruning": PRUNING}


def read_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data, checked against the table of keys; keys of `llm` that are null are left to their defaults.

    Raises SweepError for the first value that its key does not take.
    """
    options = {key: _plain(value) for key, value in raw.items()}
    options |= {name: options.get(name) or {} for name in NODES}
    options["direction"] = lowered(options.get("direction"))
    options["llm"] = {key: value for key, value in options["llm"].items() if value is not None}
    try:
        check(SWEEPER, options, "hydra.sweeper.")
        for name, table in NODES.items():
            check(table, options[name], f"hydra.sweeper.{name}.")
    except ValueError as error:
        raise SweepError(str(error)) from None
    return options


def lowered(direction: Any) -> Any:
    """A direction in either case, as Hydra takes its own enumerations."""
    return direction.lower() if isinstance(direction, str) else direction


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
