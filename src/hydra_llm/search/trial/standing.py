"""What a Gaussian process expects of a configuration, and where a proposal stood beside its own choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Expectation:
    """Of one run, in the metric's own unit: the median, and the bounds of the central 80 %."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class PoolCandidate:
    """A configuration that the process would run next. `parent` is the nearest node; `source` is where it comes from
    ("move", "step", "recombine", ...), and "replicate" for the parent itself once more.
    """

    values: dict[str, Any]
    parent: int | None
    source: str
    expected: Expectation

    def fits(self, fixed: Mapping[str, Any]) -> bool:
        """Whether it holds the values that a slot keeps for itself."""
        return all(self.values.get(key) == value for key, value in fixed.items())


@dataclass(frozen=True)
class Standing:
    """A proposal beside the pool, before it ran. `best` is what was expected of the choice that the process would have
    made in its place, `best_values` that configuration; `place` says which of the candidates the proposal is, from 1,
    None: it is one of its author's own.
    """

    expected: Expectation
    best: Expectation | None = None
    best_values: dict[str, Any] = field(default_factory=dict)
    place: int | None = None
