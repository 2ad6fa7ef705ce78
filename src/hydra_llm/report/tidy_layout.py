"""A tidy drawing of several trees: depth to the right, siblings below each other, parents centred on their children.

Subtrees are packed as closely as their contours allow (Reingold & Tilford 1981), with one addition: in the column of a
parent the whole span of its children is its own, because the line from which its branches leave runs there. So in one
column no two spans are closer than a row, which is what keeps nodes, labels and lines apart however they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hydra_llm.search.tree.tree import Tree

GAP = 1.0  # rows between neighbours in a column


@dataclass(frozen=True)
class Place:
    """`row` is a real number counted downwards; `span` are the rows that the node has to itself in its column."""

    row: float
    column: int
    span: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """One block. Rows and columns start at 0; `rows` and `columns` are its extent."""

    places: Mapping[int, Place]
    rows: float
    columns: int


class _Shape:
    """A subtree placed relative to its own root: rows of its members, and per depth the rows that are taken."""

    __slots__ = ("high", "low", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, float] = {}
        self.low: list[float] = []
        self.high: list[float] = []

    def put_below(self, other: _Shape) -> float:
        """Join a shape to this one, below what shares a column with it; returns the shift that was needed."""
        common = range(min(len(self.low), len(other.low)))
        shift = max((self.high[d] - other.low[d] + GAP for d in common), default=0.0)
        for node, row in other.rows.items():
            self.rows[node] = row + shift
        for depth, (low, high) in enumerate(zip(other.low, other.high, strict=True)):
            if depth < len(self.low):
                self.low[depth] = min(self.low[depth], low + shift)
                self.high[depth] = max(self.high[depth], high + shift)
            else:
                self.low.append(low + shift)
                self.high.append(high + shift)
        return shift


def panel(parents: Mapping[int, int | None]) -> Panel:
    """Places for a forest given as node -> parent; parents come before their children, siblings keep their order."""
    children: dict[int | None, list[int]] = {}
    depth: dict[int, int] = {}
    for node, parent in parents.items():
        children.setdefault(parent, []).append(node)
        depth[node] = 0 if parent is None else depth[parent] + 1
    shapes: dict[int, _Shape] = {}
    spans: dict[int, tuple[float, float]] = {}  # relative to the node's row
    for node in reversed(list(parents)):
        own = children.get(node, [])
        shape, row = _joined([shapes.pop(child) for child in own], own)
        reach = (min((shape.rows[c] for c in own), default=row), max((shape.rows[c] for c in own), default=row))
        shape.rows[node] = row
        shape.low.insert(0, reach[0])
        shape.high.insert(0, reach[1])
        spans[node] = (reach[0] - row, reach[1] - row)
        shapes[node] = shape
    roots = children.get(None, [])
    whole, _ = _joined([shapes[root] for root in roots], roots)
    top = min(whole.low, default=0.0)
    places = {}
    for node in parents:
        row = whole.rows[node] - top
        places[node] = Place(row, depth[node], (row + spans[node][0], row + spans[node][1]))
    return Panel(places, max(whole.high, default=0.0) - top, max(depth.values(), default=0))


def _joined(shapes: Sequence[_Shape], roots: Sequence[int]) -> tuple[_Shape, float]:
    """Shapes below each other, and the row in the middle between the first and the last of their roots."""
    if not shapes:
        return _Shape(), 0.0
    whole = shapes[0]
    for shape in shapes[1:]:
        if len(shape.rows) > len(whole.rows):  # the smaller side moves: a chain of n costs n steps, not n squared
            whole = _joined_upwards(whole, shape)
        else:
            whole.put_below(shape)
    return whole, (whole.rows[roots[0]] + whole.rows[roots[-1]]) / 2


def _joined_upwards(upper: _Shape, lower: _Shape) -> _Shape:
    common = range(min(len(upper.low), len(lower.low)))
    shift = max((upper.high[d] - lower.low[d] + GAP for d in common), default=0.0)
    for node, row in upper.rows.items():
        lower.rows[node] = row - shift
    for depth, (low, high) in enumerate(zip(upper.low, upper.high, strict=True)):
        if depth < len(lower.low):
            lower.low[depth] = min(lower.low[depth], low - shift)
            lower.high[depth] = max(lower.high[depth], high - shift)
        else:
            lower.low.append(low - shift)
            lower.high.append(high - shift)
    return lower


def panels(trees: Mapping[int, Tree], shown: Iterable[int] | None = None) -> dict[int, Panel]:
    """One panel per block with nodes; `shown` restricts to node ids, and takes a node whose parent is left out as a
    root.
    """
    wanted = None if shown is None else set(shown)
    found = {}
    for block, tree in trees.items():
        parents: dict[int, int | None] = {}
        for node in tree:
            if wanted is None or node.id in wanted:
                parents[node.id] = node.parent if node.parent in parents else None
        if parents:
            found[block] = panel(parents)
    return found
