"""Whether the fields of a dimension can be what they are: each problem is a ValueError with one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError(f"The name of a parameter must be text, such as 'lr', got {name!r}.")


def check_condition(name: str, when: Any) -> None:
    """A mapping from names to lists of values. Whether there are such parameters is for the space to say."""
    if not isinstance(when, Mapping) or not all(isinstance(other, str) for other in when):
        raise ValueError(
            f"{name}: when must map the name of another parameter to a list of its values, such as "
            f'{{"optimizer": ["sgd"]}}, got {when!r}.'
        )
    for other, options in when.items():
        if not isinstance(options, list | tuple) or not options:
            listed = f"[{options!r}]" if isinstance(options, str | int | float) else '["a", "b"]'
            raise ValueError(
                f"{name}: when must list at least one value of {other}, such as {{{other!r}: {listed}}}, "
                f"got {options!r}."
            )


def plain_bound(name: str, end: str, value: Any) -> int | float:
    """One end of a range as a plain number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
        raise ValueError(f"{name}: {end} must be a finite number, got {value!r}.")
    if isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, Integral) else float(value)  # numpy's


def check_whole(name: str, end: str, value: float) -> None:
    if value != round(value):
        raise ValueError(
            f"{name}: {end} of a whole-number range must be a whole number, got {value!r}. "
            "Round it, or make the parameter a float."
        )


def plain_choices(name: str, choices: Any) -> tuple[Any, ...]:
    if not isinstance(choices, list | tuple | range):
        example = f"[{choices!r}, ...]" if isinstance(choices, str) else '["a", "b"]'
        raise ValueError(f"{name}: choices must be a list, such as {example}, got {choices!r}.")
    if not choices:
        raise ValueError(f"{name}: a choice needs at least one value. List the choices or drop the parameter.")
    return tuple(choices)


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False
