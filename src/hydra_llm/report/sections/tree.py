"""The exploration tree of the page: every block a panel, every node a button that opens the card of its trials.

Drawn here as it stands at the end; the script of the page redraws states and edges when time is scrubbed, from the
same numbers (`numbers`).
"""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from hydra_llm.report.effect import LEVELS, Effect, effect, level, scale_of, score_name, spread_of
from hydra_llm.report.svg import el, short
from hydra_llm.report.tidy_layout import Panel, Place, panels
from hydra_llm.search.log.events import BlockRecord
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.front import on_front
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree

ROW, COLUMN = 33.0, 62.0  # CSS pixels between neighbours
MARGIN, HEAD = 26.0, 40.0
RADIUS, RADIUS_PER_RUN, RADIUS_MOST = 10.5, 1.3, 15.0
THIN, THICK, UNKNOWN = 1.2, 6.0, 2.0  # line widths: certainty 0, 1 and unknown
SHADES = 5  # of a node, by reward


def regime(block: BlockRecord) -> str:
    return ", ".join(f"{key.split('.')[-1]}={short(value)}" for key, value in block.values.items())


def drawing(sweep: Sweep) -> Markup:
    state = sweep.state
    placed = panels(state.trees)
    scale = scale_of(found for _, found in _effects(sweep))
    best = state.best()
    parts, top, width = [], 0.0, 560.0
    for block in state.blocks:
        if block.index not in placed:
            continue
        shape, tree = placed[block.index], state.trees[block.index]
        width = max(width, 2 * MARGIN + COLUMN * shape.columns + 20)
        height = HEAD + ROW * shape.rows + 2 * MARGIN
        parts.append(_block(sweep, block, tree, shape, top, height, scale, None if best is None else best.number))
        top += height
    lines = [el("line", x1=0, x2=width, y1=y, y2=y, class_="separator") for y in _separators(parts)]
    return el(
        "svg",
        *lines,
        *[part for _, part in parts],
        xmlns="http://www.w3.org/2000/svg",
        id="tree",
        viewBox=f"0 0 {width:.0f} {max(top, 80):.0f}",
        width=f"{width:.0f}",
        height=f"{max(top, 80):.0f}",
        role="tree",
        aria_label="Exploration tree; arrow keys move between configurations",
    )


def _separators(parts: list[tuple[float, Markup]]) -> list[float]:
    return [top for top, _ in parts[1:]]


def _block(
    sweep: Sweep,
    block: BlockRecord,
    tree: Tree,
    shape: Panel,
    top: float,
    height: float,
    scale: float,
    best: int | None,
) -> tuple[float, Markup]:
    title = f"Block {block.index}"
    runs = sum(len(node.trials) for node in tree)
    told = f"{regime(block)} · " if block.values else ""
    head = [
        el("text", title, x=MARGIN - 10, y=top + 22, class_="block-title"),
        el("text", f"{told}{len(tree)} configurations, {runs} runs", x=MARGIN + 50, y=top + 22, class_="block-note"),
    ]
    ranks = shades(tree)
    front = on_front(sweep.state)
    edges, nodes = [], []
    for node in tree:
        place = shape.places[node.id]
        x, y = position(place, top)
        if node.parent is not None:
            px, py = position(shape.places[node.parent], top)
            found = effect(tree, node, sweep.settings.objective)
            edges.append(edge(node.id, (px, py), (x, y), found, scale))
        marks = (" front" if node.id in front else "") + (" best" if node.id == best else "")
        nodes.append(_node(sweep, node, x, y, ranks.get(node.id), marks))
    return top, el("g", *head, *edges, *nodes, data_block=block.index)


def position(place: Place, top: float) -> tuple[float, float]:
    return MARGIN + COLUMN * place.column, top + HEAD + MARGIN / 2 + ROW * place.row


def edge(node: int, start: tuple[float, float], end: tuple[float, float], found: Effect | None, scale: float) -> Markup:
    (px, py), (x, y) = start, end
    middle = (px + x) / 2
    line = f"M{px:.1f},{py:.1f}C{middle:.1f},{py:.1f} {middle:.1f},{y:.1f} {x:.1f},{y:.1f}"
    step = None if found is None else level(found.gain, scale)
    sure = None if found is None else found.certainty
    width = UNKNOWN if sure is None else THIN + (THICK - THIN) * sure**2
    return el(
        "path", d=line, class_=f"edge {'none' if step is None else f'e{step}'}", stroke_width=width, data_edge=node
    )


def _node(sweep: Sweep, node: Node, x: float, y: float, shade: int | None, marks: str) -> Markup:
    radius = min(RADIUS_MOST, RADIUS + RADIUS_PER_RUN * (max(1, node.runs) - 1))
    first = sweep.state.trials[node.id]
    status = "failed" if node.failed else "open" if shade is None else f"s{shade}"
    name = score_name(sweep.settings.objective)
    value = "no value" if node.mean is None else f"{name} {short(sweep.settings.objective.value_of_score(node.mean))}"
    label = f"Trial {node.id}, {value}, {node.runs} runs, {first.proposal.mutation}"
    near, far = 0.72 * radius, 1.08 * radius
    strokes = "".join(
        f"M{sx * near:.1f},{sy * near:.1f}L{sx * far:.1f},{sy * far:.1f}" for sx in (-1, 1) for sy in (-1, 1)
    )
    return el(
        "g",
        el("circle", r=radius + 3.5, class_="ring"),
        el("circle", r=radius, class_="disc"),
        el("path", d=strokes, class_="cross"),
        el("text", node.id, y=3.6, class_="number"),
        transform=f"translate({x:.1f},{y:.1f})",
        class_=f"node {status}{marks}",
        role="treeitem",
        tabindex=-1,
        aria_label=label,
        data_node=node.id,
    )


def shades(tree: Tree) -> dict[int, int]:
    """0 (the worst fifth of the block) to 4 (the best), by rank of the mean, for nodes with a score."""
    scored = sorted(tree.scored(), key=lambda n: (n.mean or 0.0, -n.index))
    return {node.id: min(SHADES - 1, i * SHADES // len(scored)) for i, node in enumerate(scored)}


def _effects(sweep: Sweep) -> list[tuple[Node, Effect]]:
    return [
        (node, found)
        for tree in sweep.state.trees.values()
        for node in tree
        if (found := effect(tree, node, sweep.settings.objective)) is not None
    ]


def numbers(sweep: Sweep) -> dict[str, Any]:
    """What the script needs to redraw the tree at an earlier time."""
    nodes = [
        {
            "id": node.id,
            "block": index,
            "parent": node.parent,
            "trials": node.trials,
            "children": node.children,
        }
        for index, tree in sweep.state.trees.items()
        for node in tree
    ]
    return {
        "nodes": nodes,
        "spread": {str(index): spread_of(tree) for index, tree in sweep.state.trees.items()},
        "scale": scale_of(found for _, found in _effects(sweep)),
        "levels": list(LEVELS),
        "width": {"thin": THIN, "thick": THICK, "unknown": UNKNOWN},
        "radius": {"base": RADIUS, "per_run": RADIUS_PER_RUN, "most": RADIUS_MOST},
        "shades": SHADES,
        "sqrt2": math.sqrt(2),
    }
