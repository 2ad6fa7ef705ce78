"""The exploration tree for a paper: vector (PDF, SVG) or PNG, blocks apart, a legend, no type below 6 points.

Colour of a line: what the mutation did to the reward; its width: how certain that is; size of a circle: replicates.
Where mutations would make the figure too wide they are left out, and the way to the best is written below instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hydra_llm.atomic_write import replacing
from hydra_llm.report.effect import effect, level, scale_of
from hydra_llm.report.errors import FigureError
from hydra_llm.report.paper_layout import MOST_CHARACTERS, RADIUS, SMALL_TYPE, TYPE, Page, PaperNode, page
from hydra_llm.report.sections.cards import changes_text
from hydra_llm.report.sections.parameters import path_to_best
from hydra_llm.report.sections.tree import SHADES, regime, shades
from hydra_llm.report.svg import short
from hydra_llm.report.tidy_layout import panels
from hydra_llm.report.tree_layout import most_telling
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.front import on_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Labels = Literal["auto", "all", "none"]
FORMATS = (".pdf", ".svg", ".png")
POINTS = 72.0  # per inch
WIDTH = 7.2 * POINTS  # two columns of a journal
WIDEST = 12.0 * POINTS  # with labels; beyond, "auto" leaves them out
TITLE, LEGEND, LINE, EDGE = 26.0, 46.0, 9.5, 3.0
DPI = 300

INK, MUTE, LINE_GREY, TRUNK_GREY = "#1b1f23", "#5c646c", "#c9cdd1", "#8d949b"
EDGES = {
    -3: "#a84804", -2: "#dc8330", -1: "#f0c48f", 0: "#a3a9af", 1: "#9cc6e6", 2: "#4591cb", 3: "#0b5394",
}  # fmt: skip
FILLS = ("#edf1f1", "#c8dcdc", "#97c1c1", "#5a9fa1", "#1f757a")
GOLD, BAD = "#c98a00", "#b3261e"
THIN, THICK, UNKNOWN = 0.6, 3.4, 1.2


def draw_paper_tree(
    path: Path, sweep: Sweep, *, labels: Labels = "auto", blocks: Iterable[int] = (), most: int | None = None
) -> Path:
    """Write the figure in the format of the path's suffix, replaced in one step; returns the path.

    `most`: about so many configurations per block, the best and the latest with all their ancestors.
    """
    if path.suffix.lower() not in FORMATS:
        raise FigureError(f"A figure must end in one of {', '.join(FORMATS)}, got {path}.")
    wanted = set(blocks)
    unknown = wanted - set(sweep.state.trees)
    if unknown:
        raise FigureError(
            f"There is no block {min(unknown)} in this sweep. It has {len(sweep.state.trees)}, counted from 1."
        )
    chosen = {i: t for i, t in sweep.state.trees.items() if len(t) and (not wanted or i in wanted)}
    if not chosen:
        raise FigureError("Nothing was asked for in this sweep yet, so there is no tree to draw.")
    laid_out = layout_of(sweep, labels, chosen, most)
    foot = [] if any(n.label for p in laid_out.panels.values() for n in p.nodes.values()) else _way(sweep, chosen)
    _draw(path, sweep, laid_out, foot)
    return path


def layout_of(sweep: Sweep, labels: Labels, trees: Any = None, most: int | None = None) -> Page:
    """The page without title and legend; "auto" takes labels while the page stays below WIDEST."""
    chosen = sweep.state.trees if trees is None else trees
    shown: set[int] = set()
    for tree in chosen.values():
        telling = most_telling(tree, [], most) if most else None
        shown |= {node.id for node in tree} if telling is None else telling
    shapes = panels(chosen, shown)
    parents = {node.id: node.parent for tree in chosen.values() for node in tree}
    runs = {node.id: node.runs for tree in chosen.values() for node in tree}
    texts = {} if labels == "none" else {number: _label(sweep, number) for number in parents}
    found = page(shapes, parents, runs, texts, text_width, WIDTH)
    if labels == "auto" and found.width > WIDEST:
        found = page(shapes, parents, runs, {}, text_width, WIDTH)
    return found


def text_width(text: str) -> float:
    """Points, in the type of the labels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=TYPE), ismath=False)
    return float(width)


def _label(sweep: Sweep, number: int) -> str:
    changes = [[c.key, c.old, c.new] for c in sweep.state.trials[number].proposal.changes]
    text = "; ".join(f"{key.split('.')[-1]} {short(new, 3)}" for key, _, new in changes)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _way(sweep: Sweep, chosen: Any) -> list[str]:
    """The lineage of the best configuration, a line per step."""
    best = sweep.state.best()
    if best is None or best.block not in chosen:
        return []
    name = sweep.settings.objective.name
    lines = [f"Way to the best configuration ({name}):"]
    for step in path_to_best(sweep):
        what = changes_text(step.changes) or "baseline"
        lines.append(f"{step.number}: {what}, {short(step.value)}")
    return lines


def _draw(path: Path, sweep: Sweep, laid_out: Page, foot: list[str]) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    width = max(laid_out.width, WIDTH)
    height = TITLE + laid_out.height + LEGEND + LINE * len(foot) + (8.0 if foot else 0.0)
    figure = Figure(figsize=((width + 2 * EDGE) / POINTS, height / POINTS), facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-EDGE, width + EDGE)
    axes.set_ylim(height - TITLE, -TITLE)
    axes.axis("off")
    write = _writer(axes)
    write(4, 9 - TITLE, _title(sweep, laid_out), size=9, weight="bold")
    effects = {
        node.id: effect(tree, node, sweep.settings.objective) for tree in sweep.state.trees.values() for node in tree
    }
    scale = scale_of(found for found in effects.values() if found is not None)
    best = sweep.state.best()
    golden = set(on_front(sweep.state))
    if not golden and best is not None:
        golden = {sweep.state.trees[best.block].node(best.number).id}
    for block, panel in laid_out.panels.items():
        tree, fills = sweep.state.trees[block], shades(sweep.state.trees[block])
        frame, siblings = panel.frame, Counter(spot.parent_xy for spot in panel.nodes.values())
        axes.add_patch(_rectangle(frame.x0, frame.y0, frame.x1 - frame.x0, frame.y1 - frame.y0))
        record = sweep.state.blocks[block - 1]
        write(frame.x0 + 6, frame.y0 + 9, f"Block {block}  {_fitted(regime(record), frame.x1 - frame.x0 - 60)}", size=7)
        for number, spot in panel.nodes.items():
            node, found = tree.node(number), effects[number]
            colour = LINE_GREY if found is None else EDGES[level(found.gain, scale)]
            sure = None if found is None else found.certainty
            thickness = UNKNOWN if sure is None else THIN + (THICK - THIN) * sure**2
            alone = siblings[spot.parent_xy] == 1
            _line(axes, spot, colour, thickness, dashed=found is None, alone=alone)
            if spot.label_box is not None:
                write(spot.label_box.x0, (spot.label_box.y0 + spot.label_box.y1) / 2, spot.label, size=TYPE)
            _circle(axes, spot, number, fills.get(number), failed=node.failed, best=number in golden, write=write)
    _legend(axes, write, laid_out.height + 12.0, "on the front" if sweep.state.front else "best")
    for index, text in enumerate(foot):
        write(4, laid_out.height + LEGEND + 4 + LINE * index, text, size=TYPE, weight="bold" if not index else "normal")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.lower().removeprefix(".")
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)  # equal sweeps give equal files
    with mpl.rc_context({"svg.hashsalt": "hydra-llm", "pdf.fonttype": 42}), replacing(path) as aside:
        figure.savefig(aside, format=kind, dpi=DPI, metadata=undated)


def _title(sweep: Sweep, laid_out: Page) -> str:
    blocks = list(laid_out.panels)
    name = f"{sweep.settings.task}: " if sweep.settings.task else ""
    which = f"block {blocks[0]}" if len(blocks) == 1 else f"blocks {blocks[0]} to {blocks[-1]}"
    runs = sum(len(node.trials) for index in blocks for node in sweep.state.trees[index])
    all_of, shown = sum(len(sweep.state.trees[i]) for i in blocks), sum(len(p.nodes) for p in laid_out.panels.values())
    part = "" if shown == all_of else f", {shown} of {all_of} configurations"
    return _fitted(f"{name}exploration tree for {_metric(sweep)}, {which}, {runs} runs{part}", WIDTH * 0.7)


def _metric(sweep: Sweep) -> str:
    several = sweep.settings.objectives
    return sweep.settings.objective.name if several is None else ", ".join(several.names)


def _fitted(text: str, room: float) -> str:
    most = max(8, int(room / (0.56 * TYPE)))
    return text if len(text) <= most else text[: most - 1] + "…"


def _writer(axes: Axes) -> Callable[..., Any]:
    def write(x: float, y: float, text: str, *, size: float, colour: str = INK, **more: Any) -> Any:
        more = {"va": "center", "ha": "left", **more}
        return axes.text(x, y, text, fontsize=size, color=colour, parse_math=False, zorder=6, **more)

    return write


def _rectangle(x: float, y: float, width: float, height: float) -> Any:
    from matplotlib.patches import FancyBboxPatch

    return FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=4", fc="none", ec=LINE_GREY, lw=0.7, zorder=0
    )


def _line(axes: Axes, spot: PaperNode, colour: str, thickness: float, *, dashed: bool, alone: bool) -> None:
    """The trunk is shared by siblings and stays grey; what is a mutation's own is the run from it to the node, all of
    the line for an only child.
    """
    if spot.parent_xy is None or spot.trunk_x is None:
        return
    (px, py), x = spot.parent_xy, spot.trunk_x
    if alone:
        x = px
    else:
        axes.plot([px, x, x], [py, py, spot.y], color=TRUNK_GREY, lw=0.8, zorder=1, solid_joinstyle="round")
    style = (0, (2, 2)) if dashed else "-"
    axes.plot([x, spot.x], [spot.y, spot.y], color=colour, lw=thickness, ls=style, zorder=2, solid_capstyle="butt")


def _circle(
    axes: Axes, spot: PaperNode, number: int, shade: int | None, *, failed: bool, best: bool, write: Callable[..., Any]
) -> None:
    from matplotlib.patches import Circle

    fill = "white" if shade is None else FILLS[shade]
    edge, width = (BAD, 1.1) if failed else (GOLD, 2.2) if best else (MUTE, 0.6)
    style = "--" if shade is None and not failed else "-"
    axes.add_patch(Circle((spot.x, spot.y), spot.radius, fc=fill, ec=edge, lw=width, ls=style, zorder=4))
    if failed:
        _ticks(axes, spot.x, spot.y, spot.radius)
    size = SMALL_TYPE if number < 1000 else SMALL_TYPE - 1
    write(spot.x, spot.y, str(number), size=size, ha="center", colour="white" if shade == SHADES - 1 else INK)


def _ticks(axes: Axes, x: float, y: float, radius: float) -> None:
    """Four strokes around a circle, so that failure has a shape and the number stays legible; within its square."""
    near, far = 0.66 * radius, 0.98 * radius
    for dx in (-1, 1):
        for dy in (-1, 1):
            axes.plot([x + dx * near, x + dx * far], [y + dy * near, y + dy * far], color=BAD, lw=1.1, zorder=5)


def _legend(axes: Axes, write: Callable[..., Any], y: float, golden: str) -> None:
    from matplotlib.patches import Circle

    x = 6.0
    write(x, y, "worse", size=TYPE)
    x += 24
    for step in range(-3, 4):
        axes.plot([x, x + 13], [y, y], color=EDGES[step], lw=2.6, solid_capstyle="butt")
        x += 14
    write(x + 3, y, "better than the parent", size=TYPE)
    x += 92
    for sure in (0.0, 0.5, 1.0):
        axes.plot([x, x + 15], [y, y], color=EDGES[2], lw=THIN + (THICK - THIN) * sure**2, solid_capstyle="butt")
        x += 18
    write(x + 2, y, "certainty 0, ½, 1", size=TYPE)
    x += 66
    axes.plot([x, x + 16], [y, y], color=LINE_GREY, lw=UNKNOWN, ls=(0, (2, 2)))
    write(x + 20, y, "an end without a value", size=TYPE)
    x, y = 12.0, y + 19
    for shade in range(SHADES):
        axes.add_patch(Circle((x, y), 5, fc=FILLS[shade], ec=MUTE, lw=0.6, zorder=4))
        x += 12
    write(x - 2, y, "fifths of the block by mean, worst to best", size=TYPE)
    x += 148
    for runs, radius in ((1, RADIUS - 1.4), (4, RADIUS + 1.2)):
        axes.add_patch(Circle((x, y), radius, fc="white", ec=MUTE, lw=0.6, zorder=4))
        write(x + 9, y, f"{runs} run{'s' if runs > 1 else ''}", size=TYPE)
        x += 38
    axes.add_patch(Circle((x, y), 5, fc=FILLS[-1], ec=GOLD, lw=2.2, zorder=4))
    write(x + 9, y, golden, size=TYPE)
    x += 34 if golden == "best" else 62
    axes.add_patch(Circle((x, y), 5, fc="white", ec=BAD, lw=1.1, zorder=4))
    _ticks(axes, x, y, 5)
    write(x + 9, y, "failed only", size=TYPE)
    x += 54
    axes.add_patch(Circle((x, y), 5, fc="white", ec=MUTE, lw=0.6, ls="--", zorder=4))
    write(x + 9, y, "no result yet", size=TYPE)
