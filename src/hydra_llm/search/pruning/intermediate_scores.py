"""Scores by step: what each trial of a block had when it came to a step, and the limits that follow from them."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from hydra_llm.job import Report
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.trial.objective import Objective


class IntermediateScores:
    """`goal` says what better means for the reports; without a rule nothing is kept."""

    def __init__(self, pruning: Pruning, goal: Objective) -> None:
        self._pruning = pruning
        self._rule = pruning.rule
        self._goal = goal
        self._scores: dict[int, list[float]] = {}  # ascending: a limit costs nothing in a long sweep

    def copy(self) -> IntermediateScores:
        other = IntermediateScores(self._pruning, self._goal)
        other._scores = {step: list(scores) for step, scores in self._scores.items()}
        return other

    def add(self, reports: Sequence[Report]) -> None:
        """Enter one trial."""
        if self._rule is None:
            return
        best = -math.inf
        curve = []
        for item in sorted(reports, key=lambda report: report.step):
            best = max(best, self._goal.score(item.value) if math.isfinite(item.value) else -math.inf)
            curve.append((item.step, best))
        for step, value in self._rule.compared(curve).items():
            bisect.insort(self._scores.setdefault(step, []), value)

    def rows(self) -> list[dict[str, Any]]:
        """Limits in order of step: {step, score, what}; `what` ends the sentence that a stopped job is given."""
        rows = []
        for step, scores in sorted(self._scores.items()):
            if self._rule is None or step < self._pruning.warmup_steps or len(scores) < self._pruning.startup_trials:
                continue
            limit = self._rule.limit(step, tuple(scores))
            if limit is not None and math.isfinite(limit.score):
                shown = f"{self._goal.value_of_score(limit.score):.6g}"
                if self._goal.direction == "target":
                    shown += " away from the target"
                what = f"{limit.name} of {len(scores)} trials at step {step} is {shown}"
                rows.append({"step": step, "score": limit.score, "what": what})
        return rows
