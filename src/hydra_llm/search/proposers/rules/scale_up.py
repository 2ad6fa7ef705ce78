"""A plateau, or four partial results that still improve: five times the length of training, within its range.

Not when a run already takes long: past an hour the next step should be lighter.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.strategy import Stated, child_of, from_the_leader, is_new
from hydra_llm.search.space.dimension import Dimension, Float, Integer, canonical_number
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Proposal

FACTOR = 5
MAX_MINUTES = 60.0


class ScaleUp(Stated):
    name: ClassVar[str] = "scale-up"
    when: ClassVar[str] = "plateau and not done yet, or 4 partial that still improve and not done yet"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        minutes = max(((trial.duration or 0.0) / 60 for trial in history.finished(context)[-1:]), default=0.0)
        if minutes > MAX_MINUTES:
            return None
        lengths = [d for d in context.space.free() if context.meaning.sets_length(d.name)]
        for node in from_the_leader(context, slot):
            for dimension in lengths:
                longer = _longer(dimension, node.values.get(dimension.name))
                values = {**node.values, dimension.name: longer}
                if longer is not None and is_new(context, values, taken):
                    return child_of(context, slot, node, values, self.name)
        return None


def _longer(dimension: Dimension, value: Any) -> Any:
    """Five times the length, or the longest below; None where it cannot be longer."""
    number = canonical_number(value)
    if number is None:
        return None
    if isinstance(dimension, Float | Integer):
        longer = dimension.canonical(min(number * FACTOR, dimension.high))
        return longer if longer > number else None
    lengths = map(canonical_number, dimension.options or ())
    allowed = [length for length in lengths if length is not None and number < length <= number * FACTOR]
    return dimension.canonical(max(allowed)) if allowed else None
