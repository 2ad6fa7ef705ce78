"""A value to begin with, for a dimension that has none."""

from __future__ import annotations

from typing import Any

from hydra_llm.search.space.dimension import Dimension, Float, Integer


def start_of(dimension: Dimension) -> Any:
    """The middle of a range (of its decades on a log scale), the first option of a choice."""
    if isinstance(dimension, Float | Integer):
        return dimension.from_unit(0.5)
    return next(iter(dimension.options or ()), None)
