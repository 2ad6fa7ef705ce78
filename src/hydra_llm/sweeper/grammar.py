"""From Hydra's sweep grammar to a search space.

interval -> Float (Integer when cast with int), range -> Integer or ordered choice, choice and glob -> Categorical;
tag(log, ...) and tag(ordered, ...) are honoured. A dict {type: float, low: ..., high: ..., log: true, unit: ..., when:
...} says the same. What is no sweep is a fixed override for every job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Transformer,
)

from hydra_llm.search.space.space import Categorical, Dimension, Float, Integer
from hydra_llm.sweeper.errors import SweepError

SPEC_KEYS = ("type", "low", "high", "log", "choices", "ordered", "unit", "help", "when")


@dataclass
class Declared:
    """Dimensions by key, still without defaults; fixed overrides by key, as text."""

    dimensions: dict[str, Dimension] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)


def from_params(params: Mapping[str, Any], parser: OverridesParser) -> Declared:
    """A `params` mapping: values are texts of the grammar, lists of choices, dict specs, or plain values (fixed)."""
    declared = Declared()
    for key, spec in params.items():
        if isinstance(spec, Mapping):
            declared.dimensions[key] = from_spec(key, spec)
        elif isinstance(spec, list | tuple):
            declared.dimensions[key] = Categorical(name=key, choices=tuple(spec))
        else:
            text = "null" if spec is None else str(spec)
            _merge(declared, from_arguments([f"{key}={text}"], parser))
    return declared


def from_arguments(arguments: Iterable[str], parser: OverridesParser) -> Declared:
    """Command-line overrides: sweeps become dimensions, the rest stays fixed."""
    declared = Declared()
    for override in parser.parse_overrides(list(arguments)):
        key = override.get_key_element()
        if override.is_sweep_override():
            declared.dimensions[key] = from_override(override)
        else:
            bare = override.is_delete() and override.value() is None  # "~key" without a value
            declared.fixed[key] = key if bare else f"{key}={override.get_value_element_as_str()}"
    return declared


def from_override(override: Override) -> Dimension:
    """One sweep override as a dimension."""
    key = override.get_key_element()
    sweep = override.value()
    tags = getattr(sweep, "tags", set())
    if isinstance(sweep, IntervalSweep):
        low, high = sweep.start, sweep.end
        if low is None or high is None:
            raise SweepError(f"{key} must be an interval with both ends: interval(low, high).")
        kind = Integer if isinstance(low, int) and isinstance(high, int) else Float
        return kind(name=key, low=low, high=high, log="log" in tags)
    if isinstance(sweep, RangeSweep):
        values = list(sweep.range())
        if not values:
            raise SweepError(
                f"{key}={override.input_line} is an empty range. The stop is exclusive; choose a larger one."
            )
        if all(isinstance(v, int) for v in values) and sweep.step in (None, 1):
            return Integer(name=key, low=min(values), high=max(values), log="log" in tags)
        return Categorical(name=key, choices=tuple(values), ordered=True)
    assert isinstance(sweep, ChoiceSweep | Glob)
    values = tuple(_plain(value) for value in override.sweep_iterator(transformer=Transformer.identity))
    return Categorical(name=key, choices=values, ordered="ordered" in tags)


def from_spec(key: str, spec: Mapping[str, Any]) -> Dimension:
    """One dict spec as a dimension."""
    unknown = sorted(set(spec) - set(SPEC_KEYS))
    if unknown:
        raise SweepError(f"A key of params.{key} must be one of {', '.join(SPEC_KEYS)}, got {', '.join(unknown)}.")
    conditions = spec.get("when") or {}
    if not isinstance(conditions, Mapping):
        raise SweepError(
            f"params.{key}.when must map another parameter to its values, such as {{model: large}}, got {conditions!r}."
        )
    when = {
        str(name): tuple(options if isinstance(options, list | tuple) else [options])
        for name, options in conditions.items()
    }
    shared: dict[str, Any] = {"name": key, "unit": spec.get("unit", ""), "help": spec.get("help", ""), "when": when}
    kind = spec.get("type", "choice" if "choices" in spec else "float")
    if kind == "choice":
        choices = spec.get("choices")
        if not choices or not isinstance(choices, list | tuple):
            raise SweepError(f"params.{key} must have a list of choices with type choice, got {choices!r}.")
        return Categorical(choices=tuple(choices), ordered=bool(spec.get("ordered", False)), **shared)
    if kind not in ("float", "int"):
        raise SweepError(f"params.{key}.type must be float, int or choice, got {kind!r}.")
    if "low" not in spec or "high" not in spec:
        raise SweepError(f"params.{key} must have low and high with type {kind}.")
    numeric = Integer if kind == "int" else Float
    return numeric(low=spec["low"], high=spec["high"], log=bool(spec.get("log", False)), **shared)


def _merge(into: Declared, other: Declared) -> None:
    into.dimensions.update(other.dimensions)
    into.fixed.update(other.fixed)


def _plain(value: Any) -> Any:
    """A parsed element as a Python value: quotes resolved, containers converted."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value
