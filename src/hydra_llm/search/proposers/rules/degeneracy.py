"""Good prediction without recovery: the metric of prediction exceeds the objective by more than 0.3 in three runs.

The fit then reproduces activity through the wrong mechanism, and the best node of the metric is not where to go on
from; the least degenerate node is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import first_move
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal

GAP = 0.3  # beyond, the dynamics are right and the mechanism is not
RUNS = 3


class BreakDegeneracy:
    name: ClassVar[str] = "break-degeneracy"

    def condition(self, context: Context) -> bool:
        if context.objective.direction != "maximize" or history.last_strategy(context) == self.name:
            return False
        gaps = [context.meaning.gap(trial) for trial in history.finished(context)[-RUNS:]]
        return len(gaps) == RUNS and all(gap is not None and gap > GAP for gap in gaps)

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        gaps = {t.number: context.meaning.gap(t) for t in history.finished(context)}
        known = [(gap, number) for number, gap in gaps.items() if gap is not None]
        nodes = [context.tree.node(number) for _, number in sorted(known)]
        text = "the activity is predicted without the mechanism; a less degenerate start may recover it"
        return first_move(context, slot, nodes, taken, self.name, hypothesis=text)
