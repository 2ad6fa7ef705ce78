"""Conditions of parameters (`when`) that name something which this sweep does not move, and the order they ask for.

A parameter limited to `model: large` is searched like any other once the command line fixes model=large, and not at all
under model=small.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from hydra_llm.search.space.dimension import Dimension, same_value
from hydra_llm.sweeper.errors import SweepError


def settle_conditions(dimensions: Mapping[str, Dimension], value_of: Callable[[str], Any]) -> dict[str, Dimension]:
    """Dimensions whose conditions name swept parameters only, each after those that it depends on.

    `value_of` gives the fixed value of a key that is not swept; KeyError when there is no such key.
    """
    settled: dict[str, Dimension] = {}
    for name, dimension in dimensions.items():
        open_conditions: dict[str, tuple[Any, ...]] = {}
        holds = True
        for other, options in dimension.when.items():
            if other in dimensions:
                open_conditions[other] = options
                holds = holds and _reachable(dimensions[other], options, value_of)
                continue
            try:
                fixed = value_of(other)
            except KeyError:
                raise SweepError(
                    f"params.{name}.when names {other}, which is neither swept nor in the configuration."
                ) from None
            holds = holds and any(same_value(fixed, option) for option in options)
        if holds:
            settled[name] = dataclasses.replace(dimension, when=open_conditions)
    while lost := [name for name, d in settled.items() if not set(d.when) <= set(settled)]:
        for name in lost:  # what it depends on never applies
            del settled[name]
    return _ordered(settled)


def _reachable(other: Dimension, options: tuple[Any, ...], value_of: Callable[[str], Any]) -> bool:
    """Whether the search comes to one of the options: a command line may have left a parameter few of its values."""
    if other.options is None:
        return True
    values = list(other.options)
    with contextlib.suppress(KeyError):  # a key that an option of a group brings
        values.append(value_of(other.name))
    return any(same_value(value, option) for value in values for option in options)


def _ordered(dimensions: Mapping[str, Dimension]) -> dict[str, Dimension]:
    """Declared order, but a parameter comes after those that its condition names."""
    ordered: dict[str, Dimension] = {}
    waiting = dict(dimensions)
    while waiting:
        ready = next((n for n, d in waiting.items() if not set(d.when) & set(waiting)), None)
        if ready is None:
            raise SweepError(f"The conditions of {', '.join(waiting)} depend on each other. Remove one `when`.")
        ordered[ready] = waiting.pop(ready)
    return ordered


def activating(
    dimension: Dimension, dimensions: Mapping[str, Dimension], value_of: Callable[[str], Any]
) -> dict[str, Any]:
    """Values of other parameters under which this one is active, {} where the present configuration will do.

    A key that only some option of a config group has is found, with its default, in a configuration composed so.
    """
    wanted: dict[str, Any] = {}
    for other, options in dimension.when.items():
        wanted |= activating(dimensions[other], dimensions, value_of)
        try:
            holds = any(same_value(value_of(other), option) for option in options)
        except KeyError:
            holds = False
        if not holds:
            wanted[other] = options[0]
    return wanted
