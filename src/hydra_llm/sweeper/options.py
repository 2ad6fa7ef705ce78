"""The sweeper's options as plain values that their keys take."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from hydra_llm.keys.key import Table, check
from hydra_llm.keys.sweeper import CONFIRM, LLM, PRUNING, STOP, SWEEPER
from hydra_llm.sweeper.errors import SweepError

OPTUNA = {  # keys of Hydra's Optuna sweeper, and what stands for them here
    "sampler": "hydra.sweeper.proposer=tpe",
    "n_jobs": "hydra.sweeper.n_parallel",
    "study_name": "hydra.sweep.dir",
    "storage": "hydra.sweep.dir",
    "search_space": "hydra.sweeper.params",
    "custom_search_space": "hydra.sweeper.constraint",
}
NODES: Mapping[str, Table] = {"confirm": CONFIRM, "llm": LLM, "stop": STOP, "pruning": PRUNING}


def read_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data, checked against the table of keys; keys of `llm` that are null are left to their defaults.

    Raises SweepError for an unknown key, and for the first value that its key does not take.
    """
    options = {key: _plain(value) for key, value in raw.items()}
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
    """A direction in either case, as Hydra takes its own enumerations."""
    return direction.lower() if isinstance(direction, str) else direction


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _refuse_unknown(given: Any, table: Table, place: str) -> None:
    if not isinstance(given, Mapping):
        return  # what is no mapping is told so below
    for name in sorted(map(str, set(given) - set(table))):
        near = [f"{place}.{match}" for match in difflib.get_close_matches(name, table, n=2, cutoff=0.6)]
        instead = [OPTUNA[name]] if table is SWEEPER and name in OPTUNA else near
        hint = f"Use {' or '.join(instead)}." if instead else f"Known: {', '.join(table)}."
        raise SweepError(f"{place}.{name} is no key of llm_ucb. {hint}")
