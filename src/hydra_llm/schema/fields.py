"""How a key is declared, and how its value is checked."""

import copy
import dataclasses
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf

from hydra_llm.keys.key import in_words

T = TypeVar("T")


def key(
    default: Any,
    *,
    help: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """A dataclass field that knows its unit, its legal range (open_low: low itself excluded) and a line of help."""
    metadata = {"help": help, "unit": unit, "low": low, "high": high, "open_low": open_low, "choices": choices}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def config_of(kind: type[T], keys: Mapping[str, Any]) -> T:
    """The config object with these values and every other key at its default.

    Raises ValueError for a key that it does not have, and for one that has no value without Hydra's interpolation.
    """
    declared = {f.name: f.default for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in keys:
        if name not in declared:
            raise ValueError(f"{kind.__name__} has no key {name!r}.{close_to(name, declared)}")
    for name, default in declared.items():
        if name not in keys and isinstance(default, str) and default.startswith("${"):
            raise ValueError(f"{kind.__name__} requires {name}: its default, {default}, is Hydra's to resolve.")
    return kind(**keys)


def as_object(node: Any, kind: type[T]) -> T:
    """The config object of a composed node; a node without a schema gets this one. An object passes through.

    Raises ValueError for a node that belongs to another schema.
    """
    if isinstance(node, kind):
        return node
    own = OmegaConf.get_type(node)
    if own is dict:
        node = OmegaConf.merge(OmegaConf.structured(kind), node)
    elif own is None or not issubclass(own, kind):
        raise ValueError(f"A node of {kind.__name__} is required here, and this one is of {own and own.__name__}.")
    found = OmegaConf.to_object(node)
    assert isinstance(found, kind)
    return found


def close_to(name: str, known: Iterable[str]) -> str:
    """A sentence with the names that a misspelt one may mean, with a space before it; empty where none is near."""
    near = difflib.get_close_matches(name, list(known), n=3)
    return f" Close to it: {', '.join(near)}." if near else ""


def check(cfg: DictConfig) -> None:
    """Raise ValueError for the first value outside the range that its key declares."""
    for problem in _problems(cfg, ""):
        raise ValueError(problem)


def _problems(node: DictConfig, prefix: str) -> Iterator[str]:
    kind = OmegaConf.get_type(node)
    declared = {f.name: f.metadata for f in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}
    for name in node:
        if OmegaConf.is_missing(node, str(name)):
            continue
        value = node[name]
        path = f"{prefix}{name}"
        if isinstance(value, DictConfig):
            yield from _problems(value, f"{path}.")
        elif str(name) in declared:
            problem = _problem(path, value, declared[str(name)])
            if problem:
                yield problem


def _problem(path: str, value: Any, about: Any) -> str | None:
    if about.get("choices") and value is not None and value not in about["choices"]:
        return f"{path} must be one of {', '.join(about['choices'])}, got {value!r}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high, open_low = about.get("low"), about.get("high"), bool(about.get("open_low"))
    under = low is not None and (value <= low if open_low else value < low)
    if math.isnan(value) or under or (high is not None and value > high):
        unit = f" ({about['unit']})" if about.get("unit") else ""
        wanted = in_words(low, high, open_low) or "a number"
        return f"{path} must be {wanted}{unit}, got {value}. It is: {about['help']}."
    return None
