"""What a strategy is: a named rule with a condition over records and a way to fill one slot.

`Stated` is the base of those whose condition stands in the words of the protocols; statistics/conditions.py judges it
for them and for the rows that a language model is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, ClassVar, Protocol, runtime_checkable

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.rules.coordinate_moves import CoordinateMoves
from hydra_llm.search.statistics.conditions import holds
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Proposal

SOURCE = "rules"
MAX_PARENTS = 16  # nodes asked for an untried move; where the best sixteen have none, a new draw is worth more


@runtime_checkable
class Strategy(Protocol):
    """`propose` returns None when it finds nothing new to run; `taken` holds the keys claimed by earlier slots."""

    name: ClassVar[str]

    def condition(self, context: Context) -> bool: ...

    def propose(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal | None: ...


class Stated:
    """`when` is the condition as a row of a protocol's strategy table states it."""

    name: ClassVar[str]
    when: ClassVar[str]

    def condition(self, context: Context) -> bool:
        return holds(context, self.when, self.name)


def parents_by_rank(
    context: Context, slot: Slot, skip: Collection[int] = (), most: int | None = MAX_PARENTS
) -> list[Node]:
    """The leading nodes in order of selection score, rotated so that a second exploit slot starts at the second
    node; all of them for most=None.
    """
    exploiting = [s.index for s in context.slots if s.role == "exploit"]
    turn = exploiting.index(slot.index) if slot.index in exploiting else 0
    allowed = (number for number, _ in context.ranking if number not in skip)
    nodes = [context.tree.node(number) for number in islice(allowed, None if most is None else most + turn)]
    turn = turn % len(nodes) if nodes else 0
    return nodes[turn:] + nodes[:turn]


def child_of(
    context: Context, slot: Slot, node: Node, values: Mapping[str, Any], strategy: str, **text: str
) -> Proposal:
    """A proposal whose parent is the node, attributed to the rules."""
    return mutate(context, slot, node.id, values, strategy=strategy, source=SOURCE, **text)


def first_move(
    context: Context,
    slot: Slot,
    nodes: list[Node],
    taken: Collection[str],
    strategy: str,
    only: Collection[str] | None = None,
    **text: str,
) -> Proposal | None:
    """The first untried one-parameter move from the first of the nodes that has one; only the leading nodes are
    asked.
    """
    moves = CoordinateMoves(context, context.rng(slot.index))
    for node in nodes[:MAX_PARENTS]:
        for values in moves.new_from(node, taken, only):
            return child_of(context, slot, node, values, strategy, **text)
    return None


def from_the_leader(context: Context, slot: Slot) -> list[Node]:
    """The leader before the other nodes."""
    leader, others = context.recordings.leader, parents_by_rank(context, slot)
    return others if leader is None else [leader, *(node for node in others if node is not leader)]


def is_new(context: Context, values: Mapping[str, Any], taken: Collection[str]) -> bool:
    """Whether a configuration never ran, was not claimed by another slot, and may run."""
    if context.space.key(values) in taken or context.tree.find(dict(values)) is not None:
        return False
    return context.space.violation(values) is None


def rerun(context: Context, slot: Slot, node: Node, strategy: str, **text: str) -> Proposal:
    """The node's configuration once more, without change."""
    return child_of(context, slot, node, node.values, strategy, **text)
