"""Regimes: the values of the block parameters. Which there are, which were tested, and whether one may come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from hydra_llm.search.space.dimension import Categorical
from hydra_llm.search.space.space import Space

MAX_LISTED = 4096  # regimes of a discrete block space that are listed rather than drawn
DRAWN = 64  # regimes drawn from another block space


def is_discrete(space: Space) -> bool:
    return all(isinstance(dimension, Categorical) for dimension in space.dimensions)


def listed(space: Space, rng: np.random.Generator) -> list[dict[str, Any]]:
    """All regimes of a discrete block space in order (at most MAX_LISTED), DRAWN ones of any other."""
    if not is_discrete(space):
        return [space.sample(rng) for _ in range(DRAWN)]
    choices = [dimension.choices for dimension in space.dimensions if isinstance(dimension, Categorical)]
    return [
        space.canonical(dict(zip(space.names, row, strict=True)))
        for row, _ in zip(product(*choices), range(MAX_LISTED), strict=False)
    ]


def untested(
    space: Space, regimes: Sequence[dict[str, Any]], tested: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Those of `regimes` that no block had."""
    keys = {space.key(values) for values in tested}
    return [values for values in regimes if space.key(values) not in keys]


def nearest_to(
    space: Space, latest: Mapping[str, Any], regimes: Sequence[dict[str, Any]], tested: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Of these untested regimes, and of those between them and the latest one, the ones with the fewest changes to it:
    with one, unless all of these were tested, so that two blocks tell what a factor does.
    """
    single = [
        space.canonical({**latest, name: values[name]})
        for values in regimes
        for name in space.changed(latest, values)
        if name in values
    ]
    found = [*untested(space, single, tested), *regimes]
    least = min(len(space.changed(latest, values)) for values in found)
    return [values for values in found if len(space.changed(latest, values)) == least]


def refusal(space: Space, values: Mapping[str, Any], tested: Sequence[Mapping[str, Any]]) -> str:
    """Why a complete regime may not come next, as a sentence; "" if it may. A tested one may once all were tested."""
    problems = space.validate(values)
    if problems:
        return " ".join(problems)
    keys = [space.key(old) for old in tested]
    if space.key(values) not in keys:
        return ""
    if is_discrete(space) and not untested(space, listed(space, np.random.default_rng(0)), tested):
        return ""
    text = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"{text} was block {1 + keys.index(space.key(values))} already. Choose a simulation that was not tested."
