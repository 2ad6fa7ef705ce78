"""Configurations as points: what a numeric sampler sees of a search space, and which tree node lies nearest.

Numbers become their position in the range (through the logarithm on a log scale), ordered choices their rank, unordered
ones an index that is compared and never subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, canonical_number
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.tree import Node, Tree

Points = npt.NDArray[np.float64]
ABSENT = np.nan  # a conditional parameter that is not active, or a default outside the declared choices


def is_ordered(dimension: Dimension) -> bool:
    """Whether distances along the dimension mean something."""
    return not isinstance(dimension, Categorical) or dimension.ordered


def position(dimension: Dimension, value: Any) -> float:
    """In [0, 1] along an ordered dimension, the index of an unordered choice, ABSENT where there is none."""
    if isinstance(dimension, Categorical):
        index = dimension.index(value)
        if index is None:
            return ABSENT
        return index / max(1, len(dimension.choices) - 1) if dimension.ordered else float(index)
    assert isinstance(dimension, Float | Integer)
    number = canonical_number(value)
    return ABSENT if number is None else dimension.to_unit(number)


def value_at(dimension: Dimension, where: float) -> Any:
    """The value at a position along an ordered dimension; inverse of `position`."""
    if isinstance(dimension, Categorical):
        return dimension.choices[round(min(max(where, 0.0), 1.0) * (len(dimension.choices) - 1))]
    assert isinstance(dimension, Float | Integer)
    return dimension.from_unit(where)


class NodePoints:
    """The nodes of a growing tree as rows of an array, so that the nearest one is found without a loop in Python."""

    def __init__(self, space: Space) -> None:
        self._dimensions = space.free() or space.dimensions
        self._ordered = np.array([is_ordered(dimension) for dimension in self._dimensions])
        self._rows = np.empty((64, len(self._dimensions)))
        self._count = 0

    def nearest(self, tree: Tree, values: Mapping[str, Any]) -> Node | None:
        """The node with the smallest mean distance over parameters, the older one on a tie; None in an empty tree."""
        self._follow(tree)
        if not self._count:
            return None
        here = self._row(values)
        rows = self._rows[: self._count]
        apart = np.where(self._ordered, np.abs(rows - here), rows != here)
        one_absent = np.isnan(rows) != np.isnan(here)
        distance = np.where(np.isnan(apart), one_absent, apart).mean(axis=1)
        return tree.nodes[int(np.argmin(distance))]

    def _follow(self, tree: Tree) -> None:
        while self._count < len(tree.nodes):
            if self._count == len(self._rows):
                self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._rows[self._count] = self._row(tree.nodes[self._count].values)
            self._count += 1

    def _row(self, values: Mapping[str, Any]) -> Points:
        return np.array([position(d, values[d.name]) if d.name in values else ABSENT for d in self._dimensions])
