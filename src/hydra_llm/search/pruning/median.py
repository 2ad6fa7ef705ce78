"""The median rule: at each step, a trial must have been as good as half of the earlier ones were there.

Golovin et al. (2017), "Google Vizier".
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.pruning.base import Limit, PruningRule


class MedianRule(PruningRule):
    name = "median"

    def limit(self, step: int, scores: Sequence[float]) -> Limit:
        middle = len(scores) // 2
        median = scores[middle] if len(scores) % 2 else (scores[middle - 1] + scores[middle]) / 2
        return Limit(median, "the median")
