"""One configuration in the exploration tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hydra_llm.search.sample import standard_deviation
from hydra_llm.search.trial.trial import TrialState

SCORED = (TrialState.COMPLETED, TrialState.PRUNED)  # how a run ends that may have left a score


@dataclass
class Node:
    """One configuration. `id` is the number of the first trial that ran it; `scores` are those of its finished runs."""

    id: int
    index: int  # position in Tree.nodes: order of creation
    values: dict[str, Any]
    parent: int | None
    depth: int
    trials: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)  # larger is better, COMPLETED and PRUNED runs
    failures: int = 0  # INVALID, FAILED, TIMEOUT and LOST runs, and PRUNED ones that left no value
    pending: int = 0  # launched, not told
    visits: int = 0
    children: list[int] = field(default_factory=list)
    mean: float | None = None  # of `scores`; stored, because every decision reads it for every node
    key: str = ""  # of its configuration (Space.key)

    @property
    def runs(self) -> int:
        """Finished runs, failures included."""
        return len(self.scores) + self.failures

    @property
    def std(self) -> float | None:
        """Sample standard deviation over replicates, None below two."""
        return standard_deviation(self.scores)

    @property
    def cv(self) -> float | None:
        """Coefficient of variation: std / |mean|, None below two replicates or at mean zero."""
        std, mean = self.std, self.mean
        return None if std is None or not mean else std / abs(mean)

    @property
    def failed(self) -> bool:
        """Everything that ended here ended without a score."""
        return self.failures > 0 and not self.scores
