"""Where reruns disagree, parents with a similar activity rank are preferred: their results are comparable.

The selection score of a node is multiplied by exp(-|r - r0| / r0), with r its activity rank and r0 that of the best
node.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from statistics import median
from typing import ClassVar

from hydra_llm.search.proposers.base import Context, Slot
from hydra_llm.search.strategies.base import first_move
from hydra_llm.search.trial import Proposal
from hydra_llm.search.variance import HIGH_CV

RANK_METRICS = ("effective_rank", "activity_rank_90")  # the first that a trial reports


class VarianceAware:
    name: ClassVar[str] = "variance-aware"
    rules: ClassVar[tuple[str, ...]] = ("R026",)

    def condition(self, context: Context) -> bool:
        spreads = [node.cv for node in context.tree.replicated() if node.cv is not None]
        return bool(spreads) and median(spreads) > HIGH_CV and self._rank_of_best(context) is not None

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        centre = self._rank_of_best(context)
        if centre is None:
            return None
        ranks = activity_ranks(context)
        weighted = [
            (-score * math.exp(-abs(ranks[number] - centre) / centre), place, number)
            for place, (number, score) in enumerate(context.ranking)
            if number in ranks
        ]
        nodes = [context.tree.node(number) for _, _, number in sorted(weighted)]
        return first_move(context, slot, nodes, taken, self.name)

    def _rank_of_best(self, context: Context) -> float | None:
        best = context.tree.best()
        rank = None if best is None else activity_ranks(context).get(best.id)
        return rank if rank else None


def activity_ranks(context: Context) -> dict[int, float]:
    """Activity rank by node id, of the latest run that reports one."""
    found: dict[int, float] = {}
    for trial in context.block_trials:
        name = next((metric for metric in RANK_METRICS if metric in trial.metrics), None)
        if name is not None and trial.number in context.tree:
            found[context.tree.node(trial.number).id] = trial.metrics[name]
    return found
