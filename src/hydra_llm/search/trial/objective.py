"""What a sweep optimises: one named number of what the task returned, and what "better" means for it.

The direction lives here and nowhere else: every other module compares scores, and a larger score is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, Literal, get_args

from hydra_llm.choice import check_choice

MOST_LEVELS = 50  # of mappings within mappings
MOST_LISTED = 60  # names of metrics in a sentence
SHOWN = 200  # characters of what was returned instead
Direction = Literal["maximize", "minimize", "target"]


class MetricError(ValueError):
    """The task's return value holds no usable number under the objective's name; the message lists what it does
    hold. `finite` holds the numbers that were returned all the same.
    """

    def __init__(self, message: str, finite: Mapping[str, float] | None = None) -> None:
        super().__init__(message)
        self.finite = dict(finite or {})


class MissingMetric(MetricError):
    """The metric is not among what was returned at all: no other configuration will have it either."""


@dataclass(frozen=True)
class Objective:
    """The metric to search on.

    `metric` is a name in the mapping that the task returns ("accuracy", or "a/b" for nested mappings), a position for a
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
                f"target must be a finite number with direction=target, got {self.target!r}. Set target, e.g. to 1.0."
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
        return score if self.direction == "maximize" else 0.0 - score  # a minimised 0 is no -0

    def change_of_score(self, difference: float) -> float:
        """What a difference of scores is in the metric's unit; for direction "target" the difference of scores."""
        return 0.0 - difference if self.direction == "minimize" else difference

    def read(self, result: Any) -> tuple[float, dict[str, float]]:
        """The objective's value and every finite number of a task's return value.

        Raises MetricError, with a sentence, when the metric is missing (MissingMetric) or not a finite number.
        """
        if result is None:
            raise MissingMetric(
                "The task returned None instead of a number. Return the metric from the task's function (some "
                "templates return None until a metric name is configured)."
            )
        metrics = flatten(result)
        finite = {name: number for name, number in metrics.items() if math.isfinite(number)}
        name = self.metric
        if name is None or (name not in metrics and set(metrics) == {"value"}):
            name = self._only_name(result, metrics)
        if name not in metrics:
            raise MissingMetric(
                f"The task did not return the metric '{name}'. It returned: {listing(metrics)}. "
                "Set metric to one of these."
                if metrics
                else f"The task must return the metric '{name}' as a number, got {shown(result)}."
            )
        value = metrics[name]
        if not math.isfinite(value):
            raise MetricError(f"The metric '{name}' must be a finite number, got {value}.")
        return value, finite

    def _only_name(self, result: Any, metrics: Mapping[str, float]) -> str:
        if len(metrics) == 1:
            return next(iter(metrics))
        if not metrics:
            raise MissingMetric(f"The task must return a number, got {shown(result)}.")
        raise MissingMetric(
            f"The task returned several numbers ({listing(metrics)}) and no metric is named. "
            "Set metric to one of these."
        )


def flatten(result: Any) -> dict[str, float]:
    """Every number of a float, mapping or sequence, under "/"-joined names; a bare number is named "value"."""
    number = number_of(result)
    return {"value": number} if number is not None else dict(_numbers(result, "", ()))


def _numbers(result: Any, prefix: str, above: tuple[int, ...]) -> Iterator[tuple[str, float]]:
    """Of what a structure holds; one that holds itself, or is deeper than anybody means, is not followed further."""
    if isinstance(result, Mapping):
        items: Iterable[tuple[Any, Any]] = result.items()
    elif isinstance(result, Sequence) and not isinstance(result, str | bytes):
        items = enumerate(result)
    else:
        return
    if id(result) in above or len(above) > MOST_LEVELS:
        return
    for key, item in items:
        number = number_of(item)
        if number is not None:
            yield f"{prefix}{key}", number
        else:
            yield from _numbers(item, f"{prefix}{key}/", (*above, id(result)))


def number_of(item: Any) -> float | None:
    """The number behind an int, float, Decimal, Fraction, or an array or tensor of one element (without importing their
    libraries); None for anything else, truth values and texts included. Beyond the range of floats: infinite.
    """
    if not isinstance(item, Real | Decimal):
        elements = getattr(item, "numel", None) or getattr(item, "size", None)
        if getattr(item, "ndim", None) is None or not callable(getattr(item, "item", None)):
            return None
        if (elements() if callable(elements) else elements) != 1:
            return None
        item = item.item()
    if isinstance(item, bool) or not isinstance(item, Real | Decimal):
        return None
    try:
        return float(item)
    except OverflowError:
        return math.inf if item > 0 else -math.inf  # type: ignore[operator]  # Real declares no order
    except ValueError:  # a signalling NaN
        return math.nan


def shown(result: Any) -> str:
    """What a task returned, in a sentence."""
    try:
        text = repr(result)
    except Exception:  # a class of the task's, broken
        text = ""
    return f"{type(result).__name__} {text if len(text) <= SHOWN else text[:SHOWN] + '...'}".rstrip()


def listing(metrics: Mapping[str, float]) -> str:
    """The first names of metrics, and how many more there are."""
    names = sorted(metrics)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
