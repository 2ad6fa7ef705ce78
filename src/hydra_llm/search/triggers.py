"""Focus rules: what an application wants tried when its own metrics say so.

The engine knows no metric. A study declares under `focus` rows such as

    - name: embedding-focus
      when: {precision: [0.3, null], recall: [null, 0.7]}
      runs: 3
      move: {training.lr_embedding: up, training/strategy: [contrastive]}

The row speaks when each of the latest `runs` finished trials has every metric of `when` within its bounds (inclusive,
null is open). It moves one of the keys, in their order: up, down, any, or to one of the listed values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.trial.trial import Trial

DIRECTIONS = ("up", "down", "any")
KEYS = ("name", "when", "runs", "improving", "until", "move", "why")

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class MetricTrigger:
    """improving: only if the metric of the search rose over the runs. until: only among the first so many finished
    trials (0: always). why: the hypothesis that is written down.
    """

    name: str
    move: Mapping[str, str | tuple[Any, ...]]
    when: Mapping[str, Bounds]
    runs: int = 1
    improving: bool = False
    until: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.move:
            raise ValueError(f"A focus rule must have a name and a move, got {self.name!r} and {dict(self.move)}.")
        if self.runs < 1 or self.until < 0:
            raise ValueError(
                f"focus {self.name}: runs must be at least 1 and until at least 0, got {self.runs} and {self.until}."
            )
        for key, how in self.move.items():
            if isinstance(how, str) and how not in DIRECTIONS:
                raise ValueError(
                    f"focus {self.name}: the move of {key} must be one of {', '.join(DIRECTIONS)}, or a list of "
                    f"values, got {how!r}."
                )

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> MetricTrigger:
        """From plain data. Raises ValueError with one sentence."""
        unknown = sorted(set(spec) - set(KEYS))
        if unknown:
            raise ValueError(f"A key of focus must be one of {', '.join(KEYS)}, got {unknown[0]}.")
        when = {}
        for metric, bounds in (spec.get("when") or {}).items():
            if not isinstance(bounds, list | tuple) or len(bounds) != 2:
                raise ValueError(f"focus {spec.get('name')}: {metric} must be a pair [least, most], got {bounds!r}.")
            low, high = (None if bound is None else float(bound) for bound in bounds)
            when[str(metric)] = (low, high)
        move = {str(key): how if isinstance(how, str) else tuple(how) for key, how in (spec.get("move") or {}).items()}
        plain = {name: spec[name] for name in ("runs", "improving", "until", "why") if name in spec}
        return cls(name=str(spec.get("name", "")), move=move, when=when, **plain)

    def holds(self, finished: Sequence[Trial], scores: Sequence[float | None]) -> bool:
        """finished: trials in order, with their scores (higher is better, None without a value)."""
        if len(finished) < self.runs or (self.until and len(finished) > self.until):
            return False
        if self.improving:
            window = scores[-max(2, self.runs) :]
            if len(window) < 2 or window[0] is None or window[-1] is None or window[-1] <= window[0]:
                return False
        return all(
            trial.metrics.get(metric) is not None and _within(trial.metrics[metric], bounds)
            for trial in finished[-self.runs :]
            for metric, bounds in self.when.items()
        )


def _within(value: float, bounds: Bounds) -> bool:
    low, high = bounds
    return (low is None or value >= low) and (high is None or value <= high)
