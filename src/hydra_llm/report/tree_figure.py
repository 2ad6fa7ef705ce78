"""The exploration tree of a block beside the values of its nodes, as a PNG for the sweep folder.

Left, one row per configuration: indentation is depth, the text is the mutation that led there. Right, on the same
rows, the metric: one dot per run, a bar for the mean. Shapes repeat what colours say (Okabe-Ito palette, safe for
colour-blind readers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra_llm.atomic_write import replacing
from hydra_llm.report.tree_layout import TreeRow, layout, most_telling
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records.front import on_front
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial.trial import Change, TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 90
ROW_INCHES = 0.27
MUTATION_CHARACTERS = 56
BLUE, ORANGE, VERMILLION, GREY, INK = "#0072B2", "#E69F00", "#D55E00", "#999999", "#222222"


def draw_tree(path: Path, state: SweepState, settings: Settings, ranking: list[tuple[int, float]]) -> None:
    """Draw the present block's tree; the file is replaced in one step. Nothing is drawn for an empty tree."""
    tree = state.tree
    rows = layout(tree, most_telling(tree, ranking, MAX_ROWS))
    if not rows:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = max(3.2, 1.5 + ROW_INCHES * len(rows))
    figure = Figure(figsize=(13.0, height), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    best = tree.best()
    best_id = None if best is None else best.id
    front = set(on_front(state))
    _draw_branches(left, rows, state, settings, best_id, front)
    _draw_values(right, rows, state, settings, best_id)
    figure.suptitle(_title(state, settings, len(rows)), fontsize=12, x=0.01, ha="left", color=INK, parse_math=False)
    _legend(right, several=bool(front))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as aside:
        canvas.print_figure(aside, dpi=120, format="png")


def _title(state: SweepState, settings: Settings, rows: int) -> str:
    block = state.blocks[-1]
    regime = ", ".join(f"{key}={value}" for key, value in block.values.items())
    name = f"{settings.task}: " if settings.task else ""
    part = "" if rows == len(state.tree) else f", {rows} of {len(state.tree)} configurations shown"
    runs = sum(node.runs for node in state.tree)
    return f"{name}exploration tree, block {block.index}{f' ({regime})' if regime else ''}, {runs} runs{part}"


def _draw_branches(
    axes: Axes, rows: list[TreeRow], state: SweepState, settings: Settings, best_id: int | None, front: set[int]
) -> None:
    depth_of = {row.y: row.depth for row in rows}
    deepest = max(depth_of.values())
    names = _last_parts(settings.space.names)
    step = min(1.0, 12.0 / max(1, deepest))  # deep chains are indented less, so that the text keeps its room
    for row in rows:
        x = row.depth * step
        if row.parent_y is not None:
            px = depth_of[row.parent_y] * step
            axes.plot([px, px, x], [row.parent_y, row.y, row.y], color=GREY, lw=0.9, zorder=1)
        axes.plot([x], [row.y], **_marker(row, best_id, front), zorder=3)
        runs = f" x{row.node.runs}" if row.node.runs > 1 else ""
        proposal = state.trials[row.node.id].proposal
        what = _moved(proposal.changes, names) or proposal.strategy
        weight = "bold" if row.node.id == best_id else "normal"
        text = f"{row.node.id}{runs}  {_clip(what)}"
        axes.text(x + 0.35, row.y, text, va="center", fontsize=8.5, color=INK, fontweight=weight, parse_math=False)
    axes.set_xlim(-0.6, deepest * step + 11.0)
    axes.set_ylim(len(rows) - 0.3, -0.7)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title("trial number (runs), mutation of its parent", fontsize=9, loc="left", color=INK)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_values(axes: Axes, rows: list[TreeRow], state: SweepState, settings: Settings, best_id: int | None) -> None:
    objective = settings.objective
    for row in rows:
        axes.axhline(row.y, color="#EEEEEE", lw=0.8, zorder=0)
        values = [state.trials[n].value for n in row.node.trials if state.trials[n].state is TrialState.COMPLETED]
        known = [value for value in values if value is not None]
        colour = ORANGE if row.node.id == best_id else BLUE
        axes.plot(known, [row.y] * len(known), "o", color=colour, ms=4.5, alpha=0.8, zorder=3)
        if len(known) > 1:
            mean = sum(known) / len(known)
            axes.plot([mean, mean], [row.y - 0.35, row.y + 0.35], color=colour, lw=2, zorder=2)
        if row.node.failures:
            text = f"{row.node.failures} run(s) without a value"
            axes.text(0.99, row.y, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=7.5)
    if objective.target is not None:
        axes.axvline(objective.target, color=INK, lw=0.9, ls="--")
    better = {"maximize": "larger is better", "minimize": "smaller is better", "target": "closest to the dashed line"}
    axes.set_xlabel(f"{objective.name} ({better[objective.direction]})", fontsize=9, parse_math=False)
    axes.tick_params(axis="x", labelsize=8.5)
    axes.tick_params(axis="y", left=False, labelleft=False)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _marker(row: TreeRow, best_id: int | None, front: set[int]) -> Mapping[str, Any]:
    node = row.node
    if node.id == best_id:
        return {"marker": "*", "color": ORANGE, "ms": 13}
    if node.id in front:
        return {"marker": "D", "color": ORANGE, "ms": 7}
    if node.failed:
        return {"marker": "X", "color": VERMILLION, "ms": 8}
    if not node.scores:
        return {"marker": "s", "color": GREY, "ms": 7}
    return {"marker": "o", "color": BLUE, "ms": 7}


def _legend(axes: Axes, *, several: bool) -> None:
    from matplotlib.lines import Line2D

    entries = [
        ("*", ORANGE, "nearest to the ideal point" if several else "best mean so far"),
        *([("D", ORANGE, "on the Pareto front")] if several else []),
        ("o", BLUE, "scored"),
        ("X", VERMILLION, "only failed"),
        ("s", GREY, "running or lost"),
    ]
    handles = [Line2D([], [], ls="", marker=m, color=c, label=text, ms=8) for m, c, text in entries]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(entries), fontsize=8, frameon=False
    )


def _moved(changes: Sequence[Change], names: Mapping[str, str]) -> str:
    """The mutation, with parameters under short names."""
    return "; ".join(str(replace(change, key=names.get(change.key, change.key))) for change in changes)


def _last_parts(keys: Iterable[str]) -> dict[str, str]:
    """Each key's part behind the last dot, where no other key has the same."""
    last = {key: key.rpartition(".")[2] for key in keys}
    count = Counter(last.values())
    return {key: part if count[part] == 1 else key for key, part in last.items()}


def _clip(text: str) -> str:
    return text if len(text) <= MUTATION_CHARACTERS else text[: MUTATION_CHARACTERS - 1] + "…"
