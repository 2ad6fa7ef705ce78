"""How a key is declared, and how its value is checked."""

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf


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
        return f"{path}={value} is unknown. Choose one of: {', '.join(about['choices'])}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = about.get("low"), about.get("high")
    under = low is not None and (value <= low if about.get("open_low") else value < low)
    if math.isnan(value) or under or (high is not None and value > high):
        left = "(" if about.get("open_low") else "["
        interval = f"{left}{'-inf' if low is None else low}, {'inf' if high is None else high}]"
        unit = f" {about['unit']}" if about.get("unit") else ""
        return f"{path}={value} is outside its range {interval}{unit}. It is: {about['help']}."
    return None
