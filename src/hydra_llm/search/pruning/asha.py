"""The stopping form of asynchronous successive halving: at the rungs r, r*eta, r*eta^2, ... the best 1/eta go on.

Li et al. (2020), "A system for massively parallel hyperparameter tuning".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from hydra_llm.keys.key import check
from hydra_llm.keys.sweeper import PRUNING
from hydra_llm.search.pruning.base import Limit, PruningRule


@dataclass(frozen=True)
class AshaRule(PruningRule):
    name = "asha"
    first_rung: int  # step of the first comparison
    reduction_factor: int  # eta

    def __post_init__(self) -> None:
        check(PRUNING, vars(self), "pruning.")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return cls(settings["first_rung"], settings["reduction_factor"])

    def compared(self, curve: Sequence[tuple[int, float]]) -> Mapping[int, float]:
        """A trial counts at the rungs that it reached, with what it had by then."""
        reached: dict[int, float] = {}
        rung = self.first_rung
        for step, best in curve:
            while step >= rung:
                reached[rung] = best
                rung *= self.reduction_factor
        return reached

    def limit(self, step: int, scores: Sequence[float]) -> Limit:
        going_on = max(1, (len(scores) + 1) // self.reduction_factor)  # of these and the job that compares itself
        return Limit(scores[-going_on], f"the limit of the best 1/{self.reduction_factor}")
