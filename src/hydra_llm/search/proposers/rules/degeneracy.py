"""Good prediction without recovery: the metric of prediction exceeds the search's by more than 0.3 in three runs.

The fit then reproduces activity through the wrong mechanism, and the best node of the metric is not where to go on
from; the least degenerate node is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import first_move
from hydra_llm.search.statistics import history
from hydra_llm.search.statistics.conditions import holds
from hydra_llm.search.trial.trial import Proposal

GAP = 0.3  # beyond, the dynamics are right and the mechanism is not


class BreakDegeneracy:
    name: ClassVar[str] = "break-degeneracy"
    when: ClassVar[str] = f"{{predicts}} - {{metric}} above {GAP} in 3 runs and not twice in a row"  # the application's

    def condition(self, context: Context) -> bool:
        predicts = context.meaning.predicts
        if predicts is None or context.objective.direction != "maximize":
            return False
        return holds(context, self.when.format(predicts=predicts, metric=context.objective.name), self.name)

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        gaps = {t.number: context.meaning.gap(t) for t in history.finished(context)}
        known = [(gap, number) for number, gap in gaps.items() if gap is not None]
        nodes = [context.tree.node(number) for _, number in sorted(known)]
        text = "the activity is predicted without the mechanism; a less degenerate start may recover it"
        return first_move(context, slot, nodes, taken, self.name, hypothesis=text)
