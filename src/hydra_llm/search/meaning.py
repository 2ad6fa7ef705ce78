"""What names mean that only the application knows: a declaration of its metrics and parameters.

meaning:
  predicts: accuracy            # how well behaviour is predicted, where the metric is of a mechanism
  complexity: [rank_99, rank]   # how rich the data are; the first that a trial reports
  minutes: training_minutes     # what a run took, where its own clock says it better than that of the launch
  lengthens: [training.repeats] # parameters that make a run longer, by the whole name or its last part
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hydra_llm.search.trial.trial import Trial

LENGTHENS = ("max_steps", "n_epochs")  # what programs call it, where nothing is declared
TEXTS, LISTS = ("predicts", "minutes"), ("complexity", "lengthens")


@dataclass(frozen=True)
class Meaning:
    predicts: str | None = None
    complexity: tuple[str, ...] = ()
    minutes: str | None = None
    lengthens: tuple[str, ...] = LENGTHENS

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Meaning:
        """From plain data. Raises ValueError with one sentence."""
        names = {key: [spec[key]] if isinstance(spec[key], str) else spec[key] for key in LISTS if key in spec}
        texts: dict[str, Any] = {key: spec[key] for key in TEXTS if key in spec}
        if (
            set(spec) - {*TEXTS, *LISTS}
            or not all(isinstance(text, str | None) for text in texts.values())
            or not all(isinstance(listed, list | tuple) for listed in names.values())
        ):
            raise ValueError(
                "meaning must have no keys but predicts and minutes (each the name of a metric), complexity (a list of "
                f"metrics) and lengthens (a list of parameters), got {dict(spec)}."
            )
        return replace(cls(**texts), **{key: tuple(map(str, listed)) for key, listed in names.items()})

    def sets_length(self, parameter: str) -> bool:
        """Whether a larger value of the parameter makes a run longer."""
        return parameter in self.lengthens or parameter.rpartition(".")[2] in self.lengthens

    def minutes_of(self, trial: Trial) -> float | None:
        """What the run took by its own account."""
        return None if self.minutes is None else trial.metrics.get(self.minutes)

    def gap(self, trial: Trial) -> float | None:
        """Prediction minus the metric's value, None where either is missing: large if the mechanism is wrong."""
        prediction = None if self.predicts is None else trial.metrics.get(self.predicts)
        return None if prediction is None or trial.value is None else prediction - trial.value

    def complexity_of(self, trial: Trial) -> float | None:
        return next((trial.metrics[name] for name in self.complexity if name in trial.metrics), None)
