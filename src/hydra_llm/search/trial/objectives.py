"""Several objectives at once: each a named number of what the task returned, with a direction of its own.

No trial is the best of such a search; those that no other one beats in every objective make up its Pareto front. The
parts of the search that need one number per trial are given its distance to the ideal point (tradeoff.py), which is
the `scalar` here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hydra_llm.choice import check_choice
from hydra_llm.search.number_text import value_text
from hydra_llm.search.trial.objective import MetricError, MissingMetric, Objective, flatten, listing, number_of, shown

OneWay = Literal["maximize", "minimize"]  # a target is one value of one metric
SCALAR = Objective("distance_to_ideal", "minimize")


@dataclass(frozen=True)
class Objectives:
    """`directions` in the order of the numbers that the task returns. `metrics` names them, and picks them out of a
    mapping; (): they are value_0, value_1, ... Raises ValueError for fewer than two, or names that do not fit.
    """

    directions: tuple[OneWay, ...]
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for direction in self.directions:
            check_choice("each of several directions", direction, get_args(OneWay))
        if len(self.directions) < 2:
            raise ValueError(f"direction must list two directions or more, got {list(self.directions)}.")
        if self.metrics and len(set(self.metrics)) != len(self.directions):
            raise ValueError(
                f"metric must name {len(self.directions)} different numbers, one for each of "
                f"direction=[{', '.join(self.directions)}], got [{', '.join(self.metrics)}]."
            )

    @property
    def scalar(self) -> Objective:
        """What a single number of a trial is: 0 is the best of every objective at once, 1 the worst of the front."""
        return SCALAR

    @property
    def names(self) -> tuple[str, ...]:
        return self.metrics or tuple(f"value_{place}" for place in range(len(self.directions)))

    @property
    def goal(self) -> str:
        """Minimize error, maximize speed."""
        return ", ".join(f"{way} {name}" for way, name in zip(self.directions, self.names, strict=True))

    def values(self, metrics: Mapping[str, float]) -> tuple[float, ...]:
        """The objectives among the metrics of a trial, in their own units."""
        return tuple(metrics[name] for name in self.names)

    def losses(self, values: Sequence[float]) -> tuple[float, ...]:
        """The same with the signs under which smaller is better."""
        return tuple(v if way == "minimize" else -v for v, way in zip(values, self.directions, strict=True))

    def text(self, values: Sequence[float]) -> str:
        return ", ".join(f"{name}={value_text(value)}" for name, value in zip(self.names, values, strict=True))

    def read(self, result: Any) -> tuple[None, dict[str, float]]:
        """No value, since that depends on all trials, and every finite number of a task's return value, objectives
        under their names.

        Raises MetricError, with a sentence, when they are not as many as announced (MissingMetric) or not finite.
        """
        metrics = self._named(result)
        finite = {name: number for name, number in metrics.items() if math.isfinite(number)}
        for name in self.names:
            if name not in finite:
                raise MetricError(f"The metric '{name}' must be a finite number, got {metrics[name]}.", finite)
        return None, finite

    def _named(self, result: Any) -> dict[str, float]:
        found = flatten(listed(result))
        if isinstance(result, Mapping) and self.metrics:
            missing = [name for name in self.metrics if name not in found]
            if missing:
                raise MissingMetric(
                    f"The task did not return the metric '{missing[0]}'. It returned: {listing(found) or 'no number'}. "
                    "Give names of these as the metrics.",
                    {name: number for name, number in found.items() if math.isfinite(number)},
                )
            return found
        numbers = self._in_order(result)
        return {**(found if isinstance(result, Mapping) else {}), **dict(zip(self.names, numbers, strict=True))}

    def _in_order(self, result: Any) -> list[float]:
        """The numbers of a sequence, or of a mapping without named metrics, as they come."""
        plain = listed(result)
        items = plain.values() if isinstance(plain, Mapping) else plain if isinstance(plain, list | tuple) else ()
        numbers = [number_of(item) for item in items]
        known = [number for number in numbers if number is not None]
        if len(known) == len(numbers) == len(self.directions):
            return known
        finite = {name: number for name, number in flatten(plain).items() if math.isfinite(number)}
        raise MissingMetric(
            f"The task must return {len(self.directions)} numbers ({self.goal}), got {shown(result)}. Return a tuple "
            "of as many numbers, or name the metrics among those of a mapping.",
            finite,
        )


def listed(result: Any) -> Any:
    """An array or tensor of one dimension as a list (without importing their libraries); anything else as it is."""
    is_vector = getattr(result, "ndim", None) == 1 and callable(getattr(result, "tolist", None))
    return result.tolist() if is_vector else result
