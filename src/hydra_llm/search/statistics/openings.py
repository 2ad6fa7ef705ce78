"""What the records leave open near the leader: moves that a reader of the tables would have to find by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer
from hydra_llm.search.tree.node import Node

NEAR = 8  # best configurations that corners are looked for at
CORNERS = 3  # that are named
RECENT = 64  # best configurations among which two changes that helped are looked for: keeps one decision cheap
NEIGHBOUR = 0.125  # share of a range within which two values are neighbours
SAME_RECORDING = 1  # a configuration that ran on one recording may owe its score to it


@dataclass(frozen=True)
class Edge:
    """`values` are the leader's with the neighbour of a value that stands at the end of its range."""

    leader: Node
    place: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Corner:
    """`first` and `second` each differ from `base` in one parameter; `values` are both changes, never run together."""

    base: Node
    first: Node
    second: Node
    values: dict[str, Any]

    @property
    def both(self) -> str:
        return " with ".join(f"{key.rpartition('.')[2]}={value_text(value)}" for key, value in self.values.items())

    def __str__(self) -> str:
        return f"nodes {self.first.id} and {self.second.id} (each one parameter off {self.base.id}): {self.both}"


def never_moved(context: Context) -> list[str]:
    """Free parameters with the same value in every configuration of the block."""
    if not context.tree.nodes:
        return []
    first, *others = context.tree.nodes
    still = [(dimension.name, str(first.values.get(dimension.name))) for dimension in context.space.free()]
    return [name for name, value in still if all(str(node.values.get(name)) == value for node in others)]


def never_moved_at_the_leader(context: Context) -> list[str]:
    """Parameters that were moved, though no scored configuration differs from the leader in them alone."""
    leader = context.recordings.leader
    if leader is None:
        return []
    changes = (context.space.changed(leader.values, node.values) for node in context.tree.scored())
    alone = {names[0] for names in changes if len(names) == 1}
    still = set(never_moved(context))
    names = [dimension.name for dimension in context.space.free()]
    return [name for name in names if name not in alone and name not in still]


def never_tried(context: Context) -> list[str]:
    """Choices and directions from the baseline that no configuration of the block took, of parameters that moved."""
    still, baseline = set(never_moved(context)), context.space.baseline()
    found = []
    for dimension in context.space.free():
        taken = [value for node in context.tree.nodes if (value := node.values.get(dimension.name)) is not None]
        if taken and dimension.name not in still and (left := _left(dimension, taken, baseline.get(dimension.name))):
            found.append(f"{dimension.name} {left}")
    return found


def at_an_edge(context: Context) -> list[str]:
    """Values of the leader at an end of their range, with the side."""
    leader = context.recordings.leader
    return [] if leader is None else [place for _, _, place in _ends(context, leader)]


def open_edges(context: Context) -> list[Edge]:
    """Ends of a range to which the search has moved the leader, next to a value that no configuration took. A leader
    that still has the value that everything started with says nothing of it.
    """
    leader, baseline = context.recordings.leader, context.space.baseline()
    if leader is None:
        return []
    found = []
    for dimension, value, place in _ends(context, leader):
        if value == baseline.get(dimension.name):
            continue
        for near in _inwards(dimension, value):
            values = context.space.canonical({**leader.values, dimension.name: near})
            if not _was_tried(context, dimension, near, value) and context.space.violation(values) is None:
                found.append(Edge(leader, place, values))
    return found


def helped(context: Context) -> list[Corner]:
    """Corners of the leader with another change that helped the same configuration, the best such change first."""
    records = context.recordings
    leader, near = records.leader, records.ranked[:RECENT]
    if leader is None:
        return []
    found: dict[str, Corner] = {}
    for base in near:
        mine = context.space.changed(base.values, leader.values)
        if len(mine) != 1 or not records.is_worse(base, leader):
            continue
        for other in near:
            its = context.space.changed(base.values, other.values)
            if len(its) != 1 or its == mine or not records.is_worse(base, other):
                continue
            values = _both(context, base, {mine[0]: leader.values.get(mine[0]), its[0]: other.values.get(its[0])})
            if values is not None and context.space.violation(values) is None:
                corner = _corner(context, base, leader, other, values)
                found.setdefault(context.space.key(corner.values), corner)
    best = records.estimates
    return sorted(found.values(), key=lambda corner: -best[corner.second.id])


def corners(context: Context) -> list[Corner]:
    """Pairs of single changes to one good configuration that never ran together, best parts first."""
    ranked = context.recordings.ranked
    estimate = context.recordings.estimates
    found: dict[str, Corner] = {}
    for base in ranked[:NEAR]:
        for first, second, values in _pairs(context, base, ranked):
            key = context.space.key(values)
            known = found.get(key)
            parts = sorted((estimate[first.id], estimate[second.id]))
            if known is None or parts > sorted((estimate[known.first.id], estimate[known.second.id])):
                found[key] = _corner(context, base, first, second, values)
    best = sorted(found.values(), key=lambda c: (-estimate[c.first.id] - estimate[c.second.id], c.base.index))
    return best[:CORNERS]


def lacks_a_recording(context: Context) -> list[str]:
    """Who has to run where before a comparison is one, in sentences."""
    records = context.recordings
    leader = records.leader
    if leader is None or not context.seed_keys:
        return []
    if context.fresh_seeds:
        once = len(leader.scores) == 1 and leader.pending == 0
        return [f"the leader {leader.id} ran once only; next: a rerun"] if once else []
    found = [
        f"node {node.id} challenges the leader {leader.id} and has not run on recording "
        f"{', '.join(map(str, records.missing(node, leader)))}"
        for node in records.challengers
    ]
    if len(records.of_node(leader)) == SAME_RECORDING and leader.pending == 0:
        others = [r for r in records.all if r not in records.of_node(leader)]
        where = f"recording {others[0]}" if others else "a second recording"
        found.append(f"the leader {leader.id} ran on one recording only; next: {where}")
    return found


def at_the_ceiling(context: Context) -> str:
    """Why the metric no longer tells the best configurations apart; "" while it does."""
    leader, records = context.recordings.leader, context.recordings
    if leader is None or leader.mean is None or context.thresholds is None:
        return ""
    perfect = context.objective.score(context.thresholds.perfect)
    least = min(records.score(leader, recording) or 0.0 for recording in records.of_node(leader))
    if least < perfect:
        return ""
    return f"node {leader.id} is at {context.thresholds.perfect:g} or better on every recording: rank by the loss"


def _pairs(context: Context, base: Node, nodes: list[Node]) -> Iterator[tuple[Node, Node, dict[str, Any]]]:
    """Two nodes that differ from the base in one parameter each, not the same one, and the corner that they span."""
    single = [(node, names[0]) for node in nodes if len(names := context.space.changed(base.values, node.values)) == 1]
    for place, (first, name) in enumerate(single):
        for second, other in single[:place]:
            if other == name:
                continue
            values = _both(context, base, {name: first.values.get(name), other: second.values.get(other)})
            if values is not None:
                yield first, second, values


def _both(context: Context, base: Node, moved: Mapping[str, Any]) -> dict[str, Any] | None:
    """Two changes to the base at once; None where that ran, or where one makes the other idle."""
    values = context.space.canonical({**base.values, **moved})
    ran = context.tree.find(values) is not None
    return None if ran or len(context.space.changed(base.values, values)) < len(moved) else values


def _corner(context: Context, base: Node, first: Node, second: Node, values: Mapping[str, Any]) -> Corner:
    changed = context.space.changed(base.values, values)
    return Corner(base, first, second, {name: values[name] for name in changed})


def _ends(context: Context, leader: Node) -> Iterator[tuple[Dimension, Any, str]]:
    """Free parameters whose value at the leader is an end of the range: the parameter, the value, and both in words."""
    for dimension in context.space.free():
        value = leader.values.get(dimension.name)
        if side := _side(dimension, value):
            yield dimension, value, f"{dimension.name}={value_text(value)} ({side})"


def _inwards(dimension: Dimension, value: Any) -> list[Any]:
    """The values next to an end of a range."""
    if isinstance(dimension, Categorical):
        choices = sorted(dimension.choices)
        return choices[1:2] if value == choices[0] else choices[-2:-1]
    return dimension.neighbours(value, NEIGHBOUR)


def _was_tried(context: Context, dimension: Dimension, near: Any, end: Any) -> bool:
    """Whether a configuration has a value about there, or nearer to the end."""
    reach = NEIGHBOUR if isinstance(dimension, Float | Integer) else 0.0
    taken = (node.values.get(dimension.name) for node in context.tree.nodes)
    return any(v is not None and v != end and dimension.distance(v, near) <= reach for v in taken)


def _left(dimension: Dimension, taken: list[Any], start: Any) -> str:
    """What nobody took: choices, or the side of the start on which there is no value; "" where both sides were."""
    if isinstance(dimension, Categorical):
        return ", ".join(value_text(choice) for choice in dimension.choices if choice not in taken)
    if not isinstance(dimension, Float | Integer) or start is None:
        return ""
    below, above = (start > dimension.low, start < dimension.high)
    if below and not any(value < start for value in taken):
        return f"below {value_text(start)}"
    return f"above {value_text(start)}" if above and not any(value > start for value in taken) else ""


def _side(dimension: Dimension, value: Any) -> str:
    if isinstance(dimension, Float | Integer):
        low, high = dimension.low, dimension.high
    elif isinstance(dimension, Categorical) and all(
        isinstance(c, int | float) and not isinstance(c, bool) for c in dimension.choices
    ):
        low, high = min(dimension.choices), max(dimension.choices)
    else:
        return ""
    return "the lowest" if value == low else "the highest" if value == high else ""
