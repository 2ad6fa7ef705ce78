"""Where reruns disagree, parents with a similar activity rank are preferred: their results are comparable.

The selection score of a node is multiplied by exp(-|r - r0| / r0), with r its activity rank and r0 that of the best
node.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection
from statistics import median
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import first_move
from hydra_llm.search.statistics.variance import HIGH_CV
from hydra_llm.search.trial.trial import Proposal, Trial

RANK_METRICS = ("effective_rank", "activity_rank_90")  # the first that a trial reports


class VarianceAware:
    name: ClassVar[str] = "variance-aware"

    def condition(self, context: Context) -> bool:
        if self._rank_of_best(context) is None:
            return False
        spreads = [cv for node in context.tree.replicated() if (cv := node.cv) is not None]
        return bool(spreads) and median(spreads) > HIGH_CV

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
        """Of the latest run of the best node that reports one; only its own runs are looked at."""
        best, trials = context.tree.best(), context.block_trials
        for number in reversed(best.trials if best is not None else []):
            place = bisect_left(trials, number, key=lambda trial: trial.number)
            rank = activity_rank(trials[place]) if place < len(trials) and trials[place].number == number else None
            if rank:
                return rank
        return None


def activity_rank(trial: Trial) -> float | None:
    return next((trial.metrics[name] for name in RANK_METRICS if name in trial.metrics), None)


def activity_ranks(context: Context) -> dict[int, float]:
    """Activity rank by node id, of the latest run that reports one."""
    found: dict[int, float] = {}
    for trial in context.block_trials:
        rank = activity_rank(trial)
        if rank is not None and trial.number in context.tree:
            found[context.tree.node(trial.number).id] = rank
    return found
