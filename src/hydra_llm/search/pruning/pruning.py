"""What a sweep was told about early stopping: the rule, when it speaks, and which value a stopped trial gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from hydra_llm.keys.key import check
from hydra_llm.keys.sweeper import PRUNING
from hydra_llm.search.pruning.base import PruningRule
from hydra_llm.search.pruning.registry import make_rule
from hydra_llm.search.trial.objective import Direction, Objective


@dataclass(frozen=True)
class Pruning:
    """`rule` None: reports are recorded and nothing is compared. Steps are those that the task reports.

    `direction` is that of the reports; None means that they are the search's own metric. `keep` says which value a
    stopped trial gets: its last report, what the task returned, or nothing (then it counts as a bad configuration).
    None keeps the last report where that is the metric, and what was returned where it is not.
    """

    rule: PruningRule | None = None
    max_minutes: float | None = None  # training-time rule, wall clock since the job began
    warmup_steps: int = 0  # reports of smaller steps are not judged
    startup_trials: int = 4  # trials that must have reached a step before it has a limit
    direction: Direction | None = None
    keep: str | None = None
    watch_s: float | None = None  # seconds between two looks at jobs that run side by side; None: finished ones only

    def __post_init__(self) -> None:
        check(PRUNING, vars(self), "pruning.")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From the keys of hydra.sweeper.pruning; those that are not fields are the rule's own."""
        rule = settings.get("rule")
        own = {field.name: settings[field.name] for field in fields(cls) if field.name in settings}
        return cls(**{**own, "rule": None if rule is None else make_rule(rule, settings)})

    @property
    def kept(self) -> str:
        return self.keep or ("last" if self.direction is None else "returned")

    def goal(self, objective: Objective) -> Objective:
        """What better means for the reports; of the search's own objective, unless they have a direction."""
        if self.direction is None:
            return objective
        return Objective(direction=self.direction, target=objective.target if self.direction == "target" else None)
