"""What a pruning rule is: a limit per step, from what earlier trials had at that step.

A score is larger where it is better, whatever the direction of the reports. A job whose best report so far stays below
the limit of the last step that has one is told to stop. The jobs compare themselves (hydra_llm.job reads the limits
from pruning.json), so a rule runs in the sweep alone and works under every launcher.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from hydra_llm.dotted import Named, construct


@dataclass(frozen=True)
class Limit:
    """`score` is what a job must reach; `name` says what that is, "the median" for example, for the stopped job."""

    score: float
    name: str


class PruningRule(Named, ABC):
    """Limits hold within a block. Randomness or the clock in a rule would make a sweep irreproducible."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The rule that a name or dotted path stands for. `settings` are the keys of hydra.sweeper.pruning; unless a
        rule says otherwise it reads none of them.
        """
        return construct("pruning.rule", cls)

    def compared(self, curve: Sequence[tuple[int, float]]) -> Mapping[int, float]:
        """Step -> score with which a finished trial enters the comparison. `curve` holds (step, best score until then)
        in order of step; unless a rule says otherwise each reported step is compared.
        """
        return dict(curve)

    @abstractmethod
    def limit(self, step: int, scores: Sequence[float]) -> Limit | None:
        """What the next trial must have at `step`, given the scores of earlier ones in ascending order (at least
        pruning.startup_trials of them); None: nothing.
        """
