"""What the application declares to be tried next when its own metrics say so (search/focus.py).

The proposal carries the name of the row that spoke. Rows are asked in their order; one whose moves were all tried
leaves the slot to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.rules.coordinate_moves import CoordinateMoves
from hydra_llm.search.proposers.rules.strategy import child_of, parents_by_rank
from hydra_llm.search.space.dimension import Categorical
from hydra_llm.search.statistics import history
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Proposal
from hydra_llm.search.triggers import MetricTrigger


class Focus:
    name: ClassVar[str] = "focus"

    def condition(self, context: Context) -> bool:
        return len(context.tree) > 0 and any(True for _ in speaking(context))

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None:
        moves = CoordinateMoves(context, context.rng(slot.index))
        for rule in speaking(context):
            for key, how in rule.move.items():
                for node in parents_by_rank(context, slot):
                    for values in candidates(context, moves, node, key, how, taken):
                        return child_of(context, slot, node, values, rule.name, hypothesis=rule.why)
        return None


def speaking(context: Context) -> Iterator[MetricTrigger]:
    """The rows whose condition holds now, in their order."""
    finished = history.scored(context)
    scores = [context.objective.score(trial.value) for trial in finished if trial.value is not None]
    return (rule for rule in context.focus if rule.holds(finished, scores))


def candidates(
    context: Context, moves: CoordinateMoves, node: Node, key: str, how: str | tuple[Any, ...], taken: Collection[str]
) -> Iterator[dict[str, Any]]:
    """New configurations that differ from the node's in this key alone, as the row says."""
    if key not in {dimension.name for dimension in context.space.free()} or key not in node.values:
        return
    if isinstance(how, tuple):
        for value in how:
            values = context.space.canonical({**node.values, key: value})
            seen = context.space.key(values) in taken or context.tree.find(values) is not None
            if not seen and context.space.violation(values) is None:
                yield values
        return
    dimension = context.space[key]
    for values in moves.new_from(node, taken, only=(key,)):
        if how == "any" or (isinstance(dimension, Categorical) and not dimension.ordered):
            yield values
            continue
        rises = _place(dimension, values[key]) > _place(dimension, node.values[key])
        if rises == (how == "up"):
            yield values


def _place(dimension: Any, value: Any) -> float:
    return float(dimension.index(value) or 0) if isinstance(dimension, Categorical) else float(value)
