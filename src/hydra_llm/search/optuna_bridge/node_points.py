"""Which node of a growing tree lies nearest to a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hydra_llm.search.space.positions import ABSENT, is_ordered, position
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree

Points = npt.NDArray[np.float64]


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
