"""What metrics mean that only the application knows: a declaration in its own names.

meaning:
  predicts: val_pearson                          # how well behaviour is predicted, where the metric is of a mechanism
  complexity: [effective_rank, activity_rank_90] # how rich the data are; the first that a trial reports
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.trial.trial import Trial

KEYS = ("predicts", "complexity")


@dataclass(frozen=True)
class Meaning:
    predicts: str | None = None
    complexity: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Meaning:
        """From plain data. Raises ValueError with one sentence."""
        predicts, complexity = spec.get("predicts"), spec.get("complexity", ())
        names = [complexity] if isinstance(complexity, str) else complexity
        if set(spec) - set(KEYS) or not isinstance(predicts, str | None) or not isinstance(names, list | tuple):
            raise ValueError(
                "meaning must have no keys but predicts (the name of a metric) and complexity (a list of names), got "
                f"{dict(spec)}."
            )
        return cls(predicts, tuple(str(name) for name in names))

    def gap(self, trial: Trial) -> float | None:
        """Prediction minus the metric's value, None where either is missing: large if the mechanism is wrong."""
        prediction = None if self.predicts is None else trial.metrics.get(self.predicts)
        return None if prediction is None or trial.value is None else prediction - trial.value

    def complexity_of(self, trial: Trial) -> float | None:
        return next((trial.metrics[name] for name in self.complexity if name in trial.metrics), None)
