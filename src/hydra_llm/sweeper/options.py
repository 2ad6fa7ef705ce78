"""The sweeper's options as plain values that their keys take."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from hydra_llm.keys.key import Table, check
from hydra_llm.keys.sweeper import CODE, CODE_EVOLUTION, CONFIRM, LLM, PRUNING, STOP, SWEEPER
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.migration import translated

log = logging.getLogger(__name__)

NODES: Mapping[str, Table] = {
    "confirm": CONFIRM,
    "code": CODE,
    "code_evolution": CODE_EVOLUTION,
    "llm": LLM,
    "stop": STOP,
    "pruning": PRUNING,
}


def read_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data, checked against the table of keys; keys of `llm` that are null are left to their defaults. Keys of
    Hydra's other sweepers are translated, with a warning each.

    Raises SweepError for an unknown key, and for the first value that its key does not take.
    """
    options, remarks = translated({key: _plain(value) for key, value in raw.items()}, SWEEPER)
    for remark in remarks:
        log.warning("%s", remark)
    own = {key: value for key, value in options.items() if key not in NODES}
    _refuse_unknown(own, SWEEPER, "hydra.sweeper")
    for name, table in NODES.items():
        _refuse_unknown(options.get(name) or {}, table, f"hydra.sweeper.{name}")
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
    """A direction, or several, in either case, as Hydra takes its own enumerations."""
    if isinstance(direction, list):
        return [lowered(item) for item in direction]
    return direction.lower() if isinstance(direction, str) else direction


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _refuse_unknown(given: Any, table: Table, place: str) -> None:
    if not isinstance(given, Mapping):
        return  # what is no mapping is told so below
    for name in sorted(map(str, set(given) - set(table))):
        near = [f"{place}.{match}" for match in difflib.get_close_matches(name, table, n=2, cutoff=0.6)]
        hint = f"Use {' or '.join(near)}." if near else f"Known: {', '.join(table)}."
        raise SweepError(f"{place}.{name} is no key of llm_ucb. {hint}")
