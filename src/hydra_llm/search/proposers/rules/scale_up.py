"""Four partial results in a row that still improve: five times the data repeats, clipped to the declared range.

Not when a run already takes long: past an hour the next step should be lighter.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import child_of, parents_by_rank
from hydra_llm.search.space.dimension import Float, Integer, canonical_number
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal

PARTIALS = 4
FACTOR = 5
MAX_MINUTES = 60.0


class ScaleUp:
    name: ClassVar[str] = "scale-up"

    def condition(self, context: Context) -> bool:
        streak = history.partial_streak(context)
        improving = len(streak) >= PARTIALS and max(streak[-PARTIALS + 1 :]) > streak[-PARTIALS] + context.noise_floor
        latest = [(t.duration or 0.0) / 60 for t in history.finished(context)[-1:]]
        return improving and bool(self._lengths(context)) and max(latest, default=0.0) <= MAX_MINUTES

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        for node in parents_by_rank(context, slot, most=None):
            for dimension in self._lengths(context):
                number = canonical_number(node.values.get(dimension.name))
                if number is None:
                    continue
                values = {**node.values, dimension.name: dimension.canonical(min(number * FACTOR, dimension.high))}
                if context.space.key(values) not in taken and context.tree.find(values) is None:
                    return child_of(context, slot, node, values, self.name)
        return None

    def _lengths(self, context: Context) -> list[Float | Integer]:
        return [
            d for d in context.space.free() if isinstance(d, Float | Integer) and context.meaning.sets_length(d.name)
        ]
