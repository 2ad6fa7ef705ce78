"""Where everything of the printed tree stands, in points: nodes, labels, lines, panels of blocks on a page.

Columns are as wide as their widest label, so a label ends before its node begins; rows are as high as the largest node
and a label. Together with tidy_layout.py's spans this keeps every box apart from every other, which a test checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hydra_llm.report.tidy_layout import Panel

RADIUS, RADIUS_PER_RUN, RADIUS_MOST = 6.4, 0.7, 8.6  # points; three digits of the smallest type fit
TYPE, SMALL_TYPE = 6.5, 6.0  # type sizes: no text is smaller
ROW = 2 * RADIUS_MOST + 2.0
LABEL_ROOM = 5.0  # beside a label
LEAST_RUN = 15.0  # of a line without a label: long enough for its colour
TRUNK = RADIUS_MOST + 3.0  # from a node to the line that its children leave
HEAD, MARGIN, GUTTER = 22.0, 14.0, 18.0
MOST_CHARACTERS = 26


@dataclass(frozen=True)
class Box:
    """Left, right, upper and lower edge; y grows downwards."""

    x0: float
    x1: float
    y0: float
    y1: float


@dataclass(frozen=True)
class PaperNode:
    x: float
    y: float
    radius: float
    label: str
    label_box: Box | None
    trunk_x: float | None  # where the line from its parent turns; None for a root
    parent_xy: tuple[float, float] | None

    @property
    def box(self) -> Box:
        return Box(self.x - self.radius, self.x + self.radius, self.y - self.radius, self.y + self.radius)


@dataclass(frozen=True)
class PaperPanel:
    frame: Box
    nodes: Mapping[int, PaperNode]


@dataclass(frozen=True)
class Page:
    width: float
    height: float
    panels: Mapping[int, PaperPanel]


def page(
    shapes: Mapping[int, Panel],
    parents: Mapping[int, int | None],
    runs: Mapping[int, int],
    labels: Mapping[int, str],
    width_of: Callable[[str], float],
    limit: float,
) -> Page:
    """Panels on shelves: beside each other while `limit` (points) holds, then below; a wider panel has a shelf alone.

    `width_of` measures a text in the type of the labels; nodes without an entry in `labels` get none.
    """
    placed: dict[int, PaperPanel] = {}
    x = y = shelf = right = 0.0
    for block, shape in shapes.items():
        size = _size(shape, labels, width_of)
        if x > 0 and x + size[0] > limit:
            x, y, shelf = 0.0, y + shelf + GUTTER, 0.0
        placed[block] = _panel(shape, parents, runs, labels, width_of, x, y, size)
        x += size[0] + GUTTER
        right = max(right, x - GUTTER)
        shelf = max(shelf, size[1])
    return Page(right, y + shelf, placed)


def column_starts(shape: Panel, labels: Mapping[int, str], width_of: Callable[[str], float]) -> list[float]:
    """x of the nodes of each column, the first at half a node."""
    widest = [0.0] * (shape.columns + 1)
    for node, place in shape.places.items():
        if place.column and labels.get(node):
            widest[place.column] = max(widest[place.column], width_of(labels[node]) + LABEL_ROOM)
    starts = [RADIUS_MOST]
    for width in widest[1:]:
        starts.append(starts[-1] + TRUNK + max(LEAST_RUN, width + LABEL_ROOM) + RADIUS_MOST)
    return starts


def _size(shape: Panel, labels: Mapping[int, str], width_of: Callable[[str], float]) -> tuple[float, float]:
    right = column_starts(shape, labels, width_of)[-1] + RADIUS_MOST
    return 2 * MARGIN + right, HEAD + 2 * MARGIN + ROW * shape.rows


def _panel(
    shape: Panel,
    parents: Mapping[int, int | None],
    runs: Mapping[int, int],
    labels: Mapping[int, str],
    width_of: Callable[[str], float],
    left: float,
    top: float,
    size: tuple[float, float],
) -> PaperPanel:
    starts = column_starts(shape, labels, width_of)
    at = {
        node: (left + MARGIN + starts[place.column], top + HEAD + MARGIN + ROW * place.row)
        for node, place in shape.places.items()
    }
    nodes = {}
    for node in shape.places:
        x, y = at[node]
        parent = parents.get(node)
        start = at.get(parent) if parent is not None else None
        trunk = None if start is None else start[0] + TRUNK
        label = labels.get(node, "") if start is not None else ""
        box = None
        if label and trunk is not None:
            x0 = trunk + LABEL_ROOM / 2
            box = Box(x0, x0 + width_of(label), y - TYPE - 1.5, y - 1.0)
        radius = min(RADIUS_MOST, RADIUS + RADIUS_PER_RUN * max(0, runs.get(node, 1) - 1))
        nodes[node] = PaperNode(x, y, radius, label, box, trunk, start)
    return PaperPanel(Box(left, left + size[0], top, top + size[1]), nodes)
