"""Where reruns disagree, parents of a similar complexity are preferred: their results are comparable.

The selection score of a node is multiplied by exp(-|r - r0| / r0), with r its complexity (what the search calls so,
such as the rank of the activity) and r0 that of the best node.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, first_move
from hydra_llm.search.trial.trial import Proposal


class VarianceAware(Stated):
    name: ClassVar[str] = "variance-aware"
    when: ClassVar[str] = "reruns differ by more than 3 % and not twice in a row"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        centre = self._rank_of_best(context)
        if centre is None:
            return None
        ranks = complexities(context)
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
            if place == len(trials) or trials[place].number != number:
                continue  # no search trial of this block
            if rank := context.meaning.complexity_of(trials[place]):
                return rank
        return None


def complexities(context: Context) -> dict[int, float]:
    """By node id, of the latest run that reports one."""
    found: dict[int, float] = {}
    for trial in context.block_trials:
        rank = context.meaning.complexity_of(trial)
        if rank is not None and trial.number in context.tree:
            found[context.tree.node(trial.number).id] = rank
    return found
