"""What the application's own configuration says: its `search` node, the baseline value of a key, unit and help of a
key.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from hydra_llm.keys.key import check
from hydra_llm.keys.sweeper import CONFIRM, SEARCH
from hydra_llm.search.space.space import Categorical, Dimension, Float, Integer
from hydra_llm.search.space.start import start_of
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.options import lowered


def search_node(config: DictConfig) -> dict[str, Any]:
    """The `search` node as plain data without its nulls, {} for an application without one.

    Raises SweepError for an unknown key, and for a value that its key does not take.
    """
    node = OmegaConf.select(config, "search", default=None)
    if node is None:
        return {}
    known = ", ".join(SEARCH)
    if not isinstance(node, DictConfig):
        raise SweepError(f"The application's `search` must be a mapping, got {node!r}. Known: {known}.")
    found = OmegaConf.to_container(node, resolve=True)
    assert isinstance(found, dict)
    unknown = sorted(str(key) for key in set(found) - set(SEARCH))
    if unknown:
        raise SweepError(f"A key of search must be one of {known}, got search.{unknown[0]}.")
    given = {str(key): value for key, value in found.items() if value is not None}
    if "direction" in given:
        given["direction"] = lowered(given["direction"])
    try:
        check(SEARCH, given, "search.")
        check(CONFIRM, given.get("confirm", {}), "search.confirm.")
    except ValueError as error:
        raise SweepError(str(error)) from None
    return given


def is_group(key: str, config: DictConfig) -> bool:
    """Whether an override key chooses an option of a config group."""
    return key.lstrip("+") in config.hydra.runtime.choices or "/" in key or "@" in key


def with_baseline(dimension: Dimension, config: DictConfig) -> Dimension:
    """The dimension with the composed configuration's value as default, and unit and help of a structured config.
    Where that is `???`, the middle of the range or the first option stands in for it.

    Raises SweepError with near matches when the configuration has no such key.
    """
    key = dimension.name
    if key.startswith("+"):  # added by the search: the baseline does without a number, and takes the first option
        return dimension.with_default(dimension.choices[0]) if isinstance(dimension, Categorical) else dimension
    if is_group(key, config):
        return dimension.with_default(config.hydra.runtime.choices.get(key))
    require(f"The parameter {key}", key, config)
    try:
        value = OmegaConf.select(config, key, throw_on_missing=True)
    except MissingMandatoryValue:  # ???: the application leaves it to whoever runs it
        return _described(dimension.with_default(start_of(dimension)), config)
    except OmegaConfBaseException as error:
        raise SweepError(f"The parameter {key} has no value to start from ({error}). Give it one.") from None
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value, resolve=True)
    problem = None
    if isinstance(dimension, Float | Integer) and not isinstance(value, int | float | str | None):
        problem = f"The parameter {key} is {value!r} in the configuration, a number was expected."
    if problem:
        raise SweepError(problem)
    return _described(dimension.with_default(value), config)


def require(what: str, key: str, config: DictConfig) -> None:
    """Raises SweepError with near matches where the configuration has no such key; `what` begins the sentence."""
    if not _exists(config, key):
        raise SweepError(
            f"{what} is not in the application's configuration. {_near(config, key)} "
            f"To add a key that is not there, write +{key}."
        )


def _described(dimension: Dimension, config: DictConfig) -> Dimension:
    """Unit and help from the metadata of the dataclass field behind the key, where the declaration has none."""
    parent_key, _, name = dimension.name.rpartition(".")
    parent = OmegaConf.select(config, parent_key) if parent_key else config
    kind = OmegaConf.get_type(parent) if parent is not None else None
    if kind is None or not dataclasses.is_dataclass(kind):
        return dimension
    for item in dataclasses.fields(kind):
        if item.name == name:
            unit = dimension.unit or str(item.metadata.get("unit", ""))
            text = dimension.help or str(item.metadata.get("help", ""))
            return dataclasses.replace(dimension, unit=unit, help=text)
    return dimension


def value_in(config: DictConfig, key: str) -> Any:
    """The composed value of a key, or the chosen option of a group. Raises KeyError when there is none."""
    if is_group(key, config):
        return config.hydra.runtime.choices[key.lstrip("+")]
    if not _exists(config, key):
        raise KeyError(key)
    found = OmegaConf.select(config, key)
    return OmegaConf.to_container(found, resolve=True) if OmegaConf.is_config(found) else found


def _exists(config: DictConfig, key: str) -> bool:
    head, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, head) if head else config
    return isinstance(parent, Mapping | DictConfig) and name in parent.keys()  # noqa: SIM118  # missing values count


def _near(config: DictConfig, key: str) -> str:
    keys = sorted(_leaves(config))
    near = difflib.get_close_matches(key, keys, n=3, cutoff=0.5)
    last = key.rpartition(".")[2]
    near += [k for k in keys if k.rpartition(".")[2] == last and k not in near][:3]
    return f"Did you mean {' or '.join(near)}?" if near else "Look at the output of --cfg job for the keys that exist."


def _leaves(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for name in node:
        if not prefix and name == "hydra":
            continue
        path = f"{prefix}{name}"
        child = (
            None if OmegaConf.is_interpolation(node, str(name)) or OmegaConf.is_missing(node, str(name)) else node[name]
        )
        if isinstance(child, DictConfig):
            yield from _leaves(child, f"{path}.")
        else:
            yield path
