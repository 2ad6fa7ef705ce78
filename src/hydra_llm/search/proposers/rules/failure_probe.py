"""After three successes in a row: an extreme on purpose, to learn where the stable region ends.

Ten times or a tenth on a log scale, the end of the range on a linear one. Once in a block.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.coordinate_moves import by_promise
from hydra_llm.search.proposers.rules.strategy import Stated, child_of, is_new, parents_by_rank
from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, canonical_number
from hydra_llm.search.trial.trial import Proposal

FACTOR = 10.0


class FailureProbe(Stated):
    name: ClassVar[str] = "failure-probe"
    when: ClassVar[str] = "3 successes in a row and not done yet"

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        rng = context.rng(slot.index)
        for node in parents_by_rank(context, slot, most=None):
            for dimension in by_promise(context, list(context.space.free()), rng):
                for value in _extremes(dimension, node.values.get(dimension.name)):
                    values = {**node.values, dimension.name: value}
                    if is_new(context, values, taken):
                        text = f"{dimension.name}={value} may lie outside the stable region"
                        return child_of(context, slot, node, values, self.name, hypothesis=text)
        return None


def _extremes(dimension: Dimension, value: Any) -> Iterator[Any]:
    if isinstance(dimension, Categorical):
        if dimension.ordered:
            yield from (choice for choice in (dimension.choices[-1], dimension.choices[0]) if choice != value)
        return
    assert isinstance(dimension, Float | Integer)
    number = canonical_number(value)
    if dimension.log and number:
        targets = (number * FACTOR, number / FACTOR)
    else:
        targets = (dimension.high, dimension.low)
    for target in targets:
        clipped = dimension.canonical(min(max(target, dimension.low), dimension.high))
        if clipped != value:
            yield clipped
