"""`mode: grid`: the cartesian product of the command line, as Hydra's basic sweeper, but a failing job stops
nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import OmegaConf

from hydra_llm.sweeper.errors import SweepError

RANGE_KEYS = ("type", "low", "high", "choices")  # of a parameter that is declared as a mapping


def run_grid(
    options: Mapping[str, Any],
    arguments: list[str],
    context: HydraContext,
    launcher: Launcher,
    validate: Callable[[Sequence[Sequence[str]]], None],
) -> list[Sequence[JobReturn]]:
    """One list of JobReturn per batch, in launch order."""
    size = options["max_batch_size"]
    jobs = product_of([*_declared(options["params"] or {}, arguments, context), *arguments], context)
    batches = [jobs] if size is None else [jobs[i : i + size] for i in range(0, len(jobs), size)]
    returns: list[Sequence[JobReturn]] = []
    first = 0
    for batch in batches:
        validate(batch)
        returns.append(launcher.launch(batch, initial_job_idx=first))
        first += len(batch)
    return returns


def _declared(params: Mapping[str, Any], arguments: list[str], context: HydraContext) -> list[str]:
    """What `hydra.sweeper.params` says of keys that the command line does not name."""
    line = {override.get_key_element() for override in _parsed(arguments, context)}
    declared = {key: value for key, value in params.items() if key not in line}
    for key, value in declared.items():
        if isinstance(value, Mapping) and not set(value).isdisjoint(RANGE_KEYS):
            raise SweepError(
                f"mode=grid cannot list hydra.sweeper.params.{key}={dict(value)}. Write its values with commas between "
                f"them, as {key}: 1,2,3, or use mode=search."
            )
    return [f"{key}={value}" for key, value in declared.items()]


def product_of(arguments: list[str], context: HydraContext) -> list[list[str]]:
    """Every combination of the discrete sweeps, in command-line order; plain overrides unchanged."""
    columns: dict[str, list[str]] = {}
    for override in _parsed(arguments, context):
        key = override.get_key_element()
        if not override.is_sweep_override():
            columns[key] = [f"{key}={override.get_value_element_as_str()}"]
        elif override.is_discrete_sweep():
            columns[key] = [f"{key}={value}" for value in override.sweep_string_iterator()]
        else:
            raise SweepError(
                f"mode=grid cannot list {override.input_line}. Give choices or a range, or use mode=search."
            )
    return [list(row) for row in itertools.product(*columns.values())]


def _parsed(arguments: list[str], context: HydraContext) -> list[Override]:
    return OverridesParser.create(config_loader=context.config_loader).parse_overrides(arguments)


def write_multirun(config: Any) -> Path:
    """The sweep's folder, made, with multirun.yaml in it."""
    folder = Path(str(config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    return folder
