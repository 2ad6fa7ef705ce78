"""When a block ends early because its regime is dead: a declaration of the application, in its own metrics.

collapse:
  when: {rank: [null, 8], radius: [null, 0.7]}
  worse_than: 0.05
  runs: 3
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial

KEYS = ("when", "worse_than", "runs")


@dataclass(frozen=True)
class Collapse:
    """Seen in `runs` trials of a block whose metrics all lie within their bounds (low, high; None is open) and whose
    value is worse than `worse_than`, in the metric's unit and as the objective has it.
    """

    when: Mapping[str, tuple[float | None, float | None]]
    worse_than: float
    runs: int = 3

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Collapse:
        """From plain data. Raises ValueError with one sentence."""
        unknown = sorted(set(spec) - set(KEYS))
        if unknown or "worse_than" not in spec or not isinstance(spec.get("when", {}), Mapping):
            raise ValueError(
                f"collapse must have worse_than, and may have when (a mapping) and runs, got {dict(spec)}."
            )
        bounds = {}
        for name, pair in spec.get("when", {}).items():
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ValueError(
                    f"collapse.when.{name} must be a pair [low, high], null for an open end, got {pair!r}."
                )
            bounds[str(name)] = (pair[0], pair[1])
        return cls(bounds, float(spec["worse_than"]), int(spec.get("runs", 3)))

    def seen_in(self, trials: Iterable[Trial], objective: Objective) -> bool:
        limit = objective.score(self.worse_than)
        low = [t for t in trials if t.value is not None and objective.score(t.value) < limit and self._holds(t.metrics)]
        return len(low) >= self.runs

    def _holds(self, metrics: Mapping[str, float]) -> bool:
        """A metric that was not measured shows nothing."""
        return all(
            name in metrics and (low is None or metrics[name] >= low) and (high is None or metrics[name] < high)
            for name, (low, high) in self.when.items()
        )
