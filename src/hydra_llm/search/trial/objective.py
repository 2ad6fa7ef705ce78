"""What a sweep optimises: one named number of what the task returned, and what "better" means for it.

The direction lives here and nowhere else: every other module compares scores, and a larger score is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hydra_llm.choice import check_choice

Direction = Literal["maximize", "minimize", "target"]


class MetricError(ValueError):
    """The task's return value holds no usable number under the objective's name; the message lists what it does
    hold.
    """


@dataclass(frozen=True)
class Objective:
    """The metric to search on.

    `metric` is a name in the mapping that the task returns ("val_R2", or "a/b" for nested mappings), a position for a
    sequence ("0"), or None when the task returns one number. `target` is used by direction "target" only: the best
    value is the one closest to it, in the metric's own unit.
    """

    metric: str | None = None
    direction: Direction = "maximize"
    target: float | None = None

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, get_args(Direction))
        if self.direction == "target" and (self.target is None or not math.isfinite(self.target)):
            raise ValueError(
                f"target must be a finite number with direction=target, got {self.target!r}. Set hydra.sweeper.target, "
                "e.g. to 1.0."
            )
        if self.direction != "target" and self.target is not None:
            raise ValueError(
                f"target must be null with direction={self.direction}, got {self.target!r}. Set direction=target, or "
                "drop the target."
            )

    @property
    def name(self) -> str:
        """The metric's name as shown to people."""
        return self.metric or "value"

    def score(self, value: float) -> float:
        """The value on a scale where larger is better."""
        if self.direction == "maximize":
            return value
        if self.direction == "minimize":
            return -value
        assert self.target is not None  # checked at construction
        return -abs(value - self.target)

    def value_of_score(self, score: float) -> float:
        """The metric's value behind a score; for direction "target" the distance to the target."""
        return score if self.direction == "maximize" else -score

    def change_of_score(self, difference: float) -> float:
        """What a difference of scores is in the metric's unit; for direction "target" the difference of scores."""
        return -difference if self.direction == "minimize" else difference

    def read(self, result: Any) -> tuple[float, dict[str, float]]:
        """The objective's value and every finite number of a task's return value.

        Raises MetricError, with a sentence, when the metric is missing or not a finite number.
        """
        metrics = flatten(result)
        finite = {name: number for name, number in metrics.items() if math.isfinite(number)}
        name = self.metric
        if name is None or (name not in metrics and set(metrics) == {"value"}):
            name = self._only_name(result, metrics)
        if name not in metrics:
            raise MetricError(
                f"The task did not return the metric '{name}'. It returned: {_listing(metrics)}. "
                "Set hydra.sweeper.metric to one of these."
            )
        value = metrics[name]
        if not math.isfinite(value):
            raise MetricError(f"The metric '{name}' must be a finite number, got {value}.")
        return value, finite

    def _only_name(self, result: Any, metrics: Mapping[str, float]) -> str:
        if result is None:
            raise MetricError(
                "The task returned None instead of a number. Return the metric from the function under @hydra.main "
                "(some templates return None until a metric name is configured)."
            )
        if len(metrics) == 1 or (metrics and not isinstance(result, Mapping)):
            return next(iter(metrics))
        if not metrics:
            raise MetricError(f"The task must return a number, got {type(result).__name__} {result!r}.")
        raise MetricError(
            f"The task returned several numbers ({_listing(metrics)}) and no metric is named. "
            "Set hydra.sweeper.metric to one of these."
        )


def flatten(result: Any) -> dict[str, float]:
    """Every number of a float, mapping or sequence, under "/"-joined names; a bare number is named "value"."""
    if _is_number(result):
        return {"value": float(result)}
    found: dict[str, float] = {}
    if isinstance(result, Mapping):
        items = [(str(key), item) for key, item in result.items()]
    elif isinstance(result, Sequence) and not isinstance(result, str | bytes):
        items = [(str(index), item) for index, item in enumerate(result)]
    else:
        return found
    for key, item in items:
        if _is_number(item):
            found[key] = float(item)
        else:
            found.update({f"{key}/{name}": number for name, number in flatten(item).items()})
    return found


def _is_number(item: Any) -> bool:
    if isinstance(item, bool | str | bytes | Mapping) or item is None:
        return False
    if isinstance(item, int | float):
        return True
    # NumPy scalars and zero-dimensional arrays or tensors, without importing their libraries
    return getattr(item, "ndim", None) == 0 and hasattr(item, "__float__")


def _listing(metrics: Mapping[str, float]) -> str:
    return ", ".join(sorted(metrics)) if metrics else "no numbers at all"
