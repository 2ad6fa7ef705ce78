"""Configurations as rows of positions, and rows as features of a kernel.

A row has one entry per parameter that varies: the position in [0, 1] along an ordered one, the index of an unordered
choice, nan for a conditional parameter that is not active (and for a default outside the declared choices).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, Revision
from hydra_llm.search.space.positions import ABSENT, is_ordered, position, value_at
from hydra_llm.search.space.space import Space, Values

Rows = npt.NDArray[np.float64]  # [configuration, free parameter]
Features = npt.NDArray[np.float64]  # [configuration, feature]


class Encoding:
    """`columns` gives for each feature the index of its parameter, so that one length scale serves all of them;
    `interval` whether it is a position along real or whole numbers.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.dimensions = space.varying()
        self.ordered = np.array([is_ordered(d) for d in self.dimensions], dtype=bool)
        self.sizes = np.array([_size(d) for d in self.dimensions])  # [parameter] values it takes, inf for a real one
        self._baseline = space.baseline()
        self._conditional = any(d.when for d in self.dimensions)
        self.columns = np.concatenate(
            [np.full(_width(d), index, dtype=np.int64) for index, d in enumerate(self.dimensions)]
            or [np.empty(0, dtype=np.int64)]
        )
        numbers = [[isinstance(d, Float | Integer), *[False] * (_width(d) - 1)] for d in self.dimensions]
        self.interval = np.array([number for own in numbers for number in own], dtype=bool)  # [feature]

    # ---- rows ----
    def row(self, values: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """[parameter]"""
        return np.array([position(d, values[d.name]) if d.name in values else ABSENT for d in self.dimensions])

    def rows(self, configurations: Iterable[Mapping[str, Any]]) -> Rows:
        found = [self.row(values) for values in configurations]
        return np.array(found).reshape(len(found), len(self.dimensions))

    def values(self, row: npt.NDArray[np.float64]) -> Values:
        """The whole configuration, what is locked and constant at its default."""
        values = dict(self._baseline)
        for dimension, where in zip(self.dimensions, row, strict=True):
            if np.isnan(where):
                values.pop(dimension.name, None)
            else:
                values[dimension.name] = _value(dimension, float(where))
        return self.space.canonical(values)

    def snap(self, rows: Rows) -> Rows:
        """The nearest rows that stand for configurations: whole numbers, listed choices, parameters absent where their
        condition does not hold.
        """
        snapped = np.array(rows, dtype=np.float64)
        for index, dimension in enumerate(self.dimensions):
            snapped[:, index] = _snapped(dimension, snapped[:, index])
        if self._conditional:
            self._settle(snapped)
        return snapped

    def _settle(self, rows: Rows) -> None:
        """Conditional parameters: absent where they are inactive, in the middle where they have just become active."""
        places = {d.name: index for index, d in enumerate(self.dimensions)}
        for row in rows:
            values = dict(self._baseline)
            for dimension in self.space.dimensions:
                index = places.get(dimension.name)
                active = dimension.is_active(values)
                if index is None:
                    if not active:
                        values.pop(dimension.name, None)
                    continue
                if not active:
                    row[index] = ABSENT
                    values.pop(dimension.name, None)
                    continue
                if np.isnan(row[index]):
                    default = position(dimension, dimension.default)
                    row[index] = _snapped(dimension, np.array([0.5 if np.isnan(default) else default]))[0]
                values[dimension.name] = _value(dimension, float(row[index]))

    def uniform(self, unit: Rows) -> Rows:
        """Points of the unit cube as rows: an unordered choice takes an equal share of its edge."""
        rows = np.array(unit, dtype=np.float64)
        rows[:, ~self.ordered] = np.floor(rows[:, ~self.ordered] * self.sizes[~self.ordered])
        for index, dimension in enumerate(self.dimensions):
            if isinstance(dimension, Revision):
                rows[:, index] = position(dimension, dimension.default)  # others may not exist
            if isinstance(dimension, Categorical) and dimension.ordered and len(dimension.choices) > 1:
                count = len(dimension.choices)
                rows[:, index] = np.minimum(np.floor(rows[:, index] * count), count - 1) / (count - 1)
        return self.snap(rows)

    # ---- features ----
    def features(self, rows: Rows) -> Features:
        """Squared distances between features are the kernel's: (a - b)^2 along an ordered parameter, 1 between
        different unordered choices (Hamming), at least 1 between present and absent.
        """
        parts: list[npt.NDArray[np.float64]] = []
        half = np.sqrt(0.5)
        for index, dimension in enumerate(self.dimensions):
            column = rows[:, index]
            absent = np.isnan(column)
            if self.ordered[index]:
                parts.append(np.where(absent, 0.5, column)[:, None])
            else:
                choices = np.arange(_choices(dimension))
                parts.append(half * (column[:, None] == choices[None, :]))
            if dimension.when or dimension.default is None or np.isnan(position(dimension, dimension.default)):
                parts.append(absent[:, None].astype(np.float64))
        return np.concatenate(parts, axis=1) if parts else np.empty((len(rows), 0))


def _width(dimension: Dimension) -> int:
    spare = dimension.when or dimension.default is None or np.isnan(position(dimension, dimension.default))
    return (1 if is_ordered(dimension) else _choices(dimension)) + bool(spare)


def _choices(dimension: Dimension) -> int:
    assert isinstance(dimension, Categorical)
    return len(dimension.choices)


def _size(dimension: Dimension) -> float:
    if isinstance(dimension, Categorical):
        return float(len(dimension.choices))
    assert isinstance(dimension, Float | Integer)
    return np.inf if isinstance(dimension, Float) else float(dimension.high - dimension.low + 1)


def _value(dimension: Dimension, where: float) -> Any:
    if isinstance(dimension, Categorical) and not dimension.ordered:
        return dimension.choices[int(where)]
    return value_at(dimension, where)


def _snapped(dimension: Dimension, column: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if isinstance(dimension, Categorical):
        last = len(dimension.choices) - 1
        if not dimension.ordered:
            return np.clip(np.floor(column), 0, last)
        return np.round(np.clip(column, 0.0, 1.0) * last) / max(1, last)
    inside = np.clip(column, 0.0, 1.0)
    if isinstance(dimension, Float):
        return inside
    assert isinstance(dimension, Integer)
    low, high = dimension.low, dimension.high
    if high == low:
        return inside
    whole = np.round(low * (high / low) ** inside if dimension.log else low + inside * (high - low))
    whole = np.clip(whole, low, high)
    return np.log(whole / low) / np.log(high / low) if dimension.log else (whole - low) / (high - low)


def grid(encoding: Encoding, index: int, most: int) -> Sequence[float]:
    """Entries that one parameter can take, at most `most` of them, evenly spread."""
    size = encoding.sizes[index]
    if isinstance(encoding.dimensions[index], Revision):
        return []
    if not encoding.ordered[index]:
        return [float(choice) for choice in range(int(size))]
    count = int(min(size, most))
    return np.linspace(0.0, 1.0, max(2, count)).tolist()
