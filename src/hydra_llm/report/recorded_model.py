"""The language model of a recorded sweep: its settings as multirun.yaml in the folder holds them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hydra_llm.llm.settings import LlmSettings
from hydra_llm.report.errors import RepeatError

FILE = "multirun.yaml"
_VARIABLE = re.compile(r"\$\{oc\.env:(\w+)\}")


def sweeper_node(folder: Path) -> dict[str, Any]:
    """The node hydra.sweeper, {} where there is none. Raises RepeatError for a file that is no YAML."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        known: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RepeatError(f"{path} cannot be read ({error}).") from None
    for key in ("hydra", "sweeper"):
        known = known.get(key) if isinstance(known, Mapping) else None
    return dict(known) if isinstance(known, Mapping) else {}


def recorded_model(folder: Path, changes: Mapping[str, Any]) -> LlmSettings:
    """Its settings with some changed; `${oc.env:NAME}` is read from the environment. Raises RepeatError for another
    interpolation or a variable that is not set, ValueError for what no key takes.
    """
    known = sweeper_node(folder).get("llm")
    values = {**(known if isinstance(known, Mapping) else {}), **changes}
    values = {key: _from_environment(value) for key, value in values.items() if value is not None}
    open_ones = sorted(key for key, value in values.items() if isinstance(value, str) and "${" in value)
    if open_ones:
        name = open_ones[0]
        raise RepeatError(
            f"llm.{name} is the interpolation {values[name]} in {folder / FILE}. Give it as {name}=value."
        )
    return LlmSettings.of(values)


def read_settings(items: Sequence[str]) -> dict[str, Any]:
    """key=value texts as values of YAML. Raises RepeatError for a text without "=" or of bad form."""
    found: dict[str, Any] = {}
    for item in items:
        key, mark, value = item.partition("=")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            mark = ""
        if not mark:
            raise RepeatError(f"A setting must be written key=value, such as model=gpt-4.1, got {item!r}.")
    return found


def _from_environment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), value)
