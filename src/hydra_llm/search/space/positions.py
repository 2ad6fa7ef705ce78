"""Values as positions: what a numeric method sees of a parameter.

Numbers become their position in the range (through the logarithm on a log scale), ordered choices their rank, unordered
ones an index that is compared and never subtracted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, canonical_number

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
