"""Effects of parameters: importance, parallel coordinates, and the way from the baseline to the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hydra_llm.report.effect import certainty, score_name, spread_of
from hydra_llm.report.errors import LookupFailure
from hydra_llm.report.sections.tree import shades
from hydra_llm.report.svg import WIDEST, Axis, chart, el, nice_ticks, path, short
from hydra_llm.report.trial_text import command_with
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer
from hydra_llm.search.statistics.importance import TWICE, Importance, with_errors
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.trial import Trial

AXIS_TOP, AXIS_BOTTOM = 56.0, 320.0
AXIS_STEP, AXES_WIDTH = 130.0, WIDEST - 160.0  # least distance of two axes, and the width that they fill


@dataclass(frozen=True)
class PathStep:
    """One edge on the way to the best. `value` and `change` are in the metric's unit; `certainty` None: unknown."""

    number: int
    changes: list[list[Any]]
    value: float | None
    change: float | None
    gain: float | None
    certainty: float | None


@dataclass(frozen=True)
class Ablation:
    """The best configuration with one parameter back at the baseline, where the search ran it."""

    key: str
    best: Any
    baseline: Any
    number: int | None
    value: float | None
    loss: float | None  # in score: positive where the parameter's new value helps
    command: str | None  # that runs it once, with the seeds of the best trial; None where none is on record


@dataclass(frozen=True)
class Bar:
    """`length`, `low` and `high` are places on the scale of the longest interval, in per cent; the latter two end the
    interval of two standard errors.
    """

    name: str
    share: float
    error: float
    length: float
    low: float
    high: float


def importances(sweep: Sweep) -> list[tuple[int, Importance, list[Bar]]]:
    """By block, because another regime may make another parameter matter; largest first. No bars where the
    configurations do not tell a parameter from chance.
    """
    found = [(index, with_errors(sweep.settings.space, tree)) for index, tree in sweep.state.trees.items() if len(tree)]
    return [(index, one, _bars(one) if one.is_carried else []) for index, one in found]


def _bars(found: Importance) -> list[Bar]:
    shares, errors = found.shares or {}, found.errors or {}
    low = {name: max(0.0, share - TWICE * errors[name]) for name, share in shares.items()}
    high = {name: share + TWICE * errors[name] for name, share in shares.items()}
    scale = 100.0 / (max(high.values()) or 1.0)
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return [
        Bar(name, share, errors[name], scale * share, scale * low[name], scale * high[name]) for name, share in ordered
    ]


# ---- parallel coordinates ----
def parallel(sweep: Sweep) -> Markup | None:
    """A line per configuration through its values, the reward at the right; better ones are drawn later."""
    state, objective = sweep.state, sweep.settings.objective
    nodes = [(tree, node) for tree in state.trees.values() for node in tree.scored()]
    dimensions = [d for d in sweep.settings.space.free() if len({str(n.values.get(d.name)) for _, n in nodes}) > 1]
    if len(nodes) < 2 or not dimensions:
        return None
    axes = [_DimensionAxis(d, [n.values.get(d.name) for _, n in nodes]) for d in dimensions]
    scores = [n.mean or 0.0 for _, n in nodes]
    levels = {key: shade for tree in state.trees.values() for key, shade in shades(tree).items()}
    reward = Axis(min(scores), max(scores), AXIS_BOTTOM, AXIS_TOP)
    left, apart = 70.0, max(AXIS_STEP, AXES_WIDTH / len(dimensions))
    last = left + apart * len(dimensions)
    parts = []
    for _, node in sorted(nodes, key=lambda pair: pair[1].mean or 0.0):
        points = [(left + apart * c, axes[c](node.values.get(d.name))) for c, d in enumerate(dimensions)]
        line = [(px, py) for px, py in points if py is not None]
        text = f"trial {node.id}: {score_name(objective)} {short(objective.value_of_score(node.mean or 0.0))}"
        drawn = path([*line, (last, reward(node.mean or 0.0))])
        parts.append(el("path", el("title", text), d=drawn, class_=f"trace s{levels[node.id]}", data_node=node.id))
    for column, dimension in enumerate(dimensions):  # numbers lie above the lines
        parts += _axis_marks(dimension, axes[column], left + apart * column)
    parts.append(el("line", x1=last, x2=last, y1=AXIS_TOP, y2=AXIS_BOTTOM, class_="axis"))
    parts.append(el("text", score_name(objective), x=last, y=AXIS_TOP - 30, class_="axis-name", text_anchor="middle"))
    for tick in nice_ticks(min(scores), max(scores)):
        parts.append(
            el("text", short(objective.value_of_score(tick)), x=last + 8, y=reward(tick) + 4, class_="tick halo")
        )
    return chart(last + 90, AXIS_BOTTOM + 34, *parts, label="Parallel coordinates of all configurations", id="parallel")


class _DimensionAxis:
    """Pixel of a value; None for a parameter that was inactive."""

    def __init__(self, dimension: Dimension, values: list[Any]) -> None:
        self.texts: list[str] = []
        self.axis: Axis | None = None
        if isinstance(dimension, Float | Integer):
            known = [float(v) for v in values if isinstance(v, int | float)]
            low, high = min([dimension.low, *known]), max([dimension.high, *known])  # a default may lie outside
            self.axis = Axis(low, high, AXIS_BOTTOM, AXIS_TOP, dimension.log and low > 0)
        else:
            listed = dimension.choices if isinstance(dimension, Categorical) else ()
            seen = [str(v) for v in values if v is not None]
            self.texts = list(dict.fromkeys([*map(str, listed), *seen]))

    def __call__(self, value: Any) -> float | None:
        if value is None:
            return None
        if self.axis is not None:
            return self.axis(float(value)) if isinstance(value, int | float) else None
        return self.place(self.texts.index(str(value)))

    def place(self, index: int) -> float:
        return AXIS_BOTTOM - (AXIS_BOTTOM - AXIS_TOP) * (index + 0.5) / len(self.texts)


def _axis_marks(dimension: Dimension, axis: _DimensionAxis, x: float) -> list[Markup]:
    *head, name = dimension.name.split(".")
    parts = [
        el("line", x1=x, x2=x, y1=AXIS_TOP, y2=AXIS_BOTTOM, class_="axis"),
        el("text", ".".join(head), x=x, y=AXIS_TOP - 30, class_="tick", text_anchor="middle"),
        el("text", name, x=x, y=AXIS_TOP - 15, class_="axis-name", text_anchor="middle"),
    ]
    if dimension.unit:
        parts.append(el("text", dimension.unit, x=x, y=AXIS_BOTTOM + 18, class_="tick", text_anchor="middle"))
    marks = (
        [(axis.axis(t), short(t)) for t in axis.axis.ticks()]
        if axis.axis is not None
        else [(axis.place(i), text if len(text) < 16 else text[:15] + "…") for i, text in enumerate(axis.texts)]
    )
    return parts + [el("text", text, x=x + 7, y=y + 4, class_="tick halo strong") for y, text in marks]


# ---- from the baseline to the best ----
def path_to_best(sweep: Sweep) -> list[PathStep]:
    """From the baseline along the lineage of the best configuration, every step as it was measured. A lineage that
    began elsewhere (a diverse start) has the whole difference to the baseline as its first step.
    """
    best = sweep.state.best()
    if best is None:
        return []
    tree = sweep.state.trees[best.block]
    lineage = list(reversed(list(tree.lineage(tree.node(best.number)))))
    baseline = sweep.state.baseline(best.block)
    if baseline is not None and baseline is not lineage[0]:
        lineage.insert(0, baseline)
    starts = [None, *lineage[:-1]]
    return [_path_step(sweep, tree, before, node) for before, node in zip(starts, lineage, strict=True)]


def _path_step(sweep: Sweep, tree: Tree, before: Node | None, node: Node) -> PathStep:
    objective = sweep.settings.objective
    value = None if node.mean is None else objective.value_of_score(node.mean)
    if before is None:
        return PathStep(node.id, [], value, None, None, None)
    names = sweep.settings.space.changed(before.values, node.values)
    changes = [[name, before.values.get(name), node.values.get(name)] for name in names]
    if before.mean is None or node.mean is None or value is None:
        return PathStep(node.id, changes, value, None, None, None)
    gain = node.mean - before.mean
    sure = certainty(gain, len(node.scores), len(before.scores), spread_of(tree))
    return PathStep(node.id, changes, value, value - objective.value_of_score(before.mean), gain, sure)


def path_drawing(sweep: Sweep, steps: list[PathStep]) -> Markup | None:
    """A staircase of bars from value to value."""
    objective = sweep.settings.objective
    known = [(s, s.value) for s in steps if s.value is not None]
    if len(known) < 2:
        return None
    values = [value for _, value in known]
    room = (max(values) - min(values)) * 0.06 or 1.0
    row, left, right = 42.0, 10.0, 560.0
    x = Axis(min(values) - room, max(values) + room, left, right)
    bottom = 30 + row * len(known)
    parts = []
    for tick in x.ticks(6):
        parts.append(el("line", x1=x(tick), x2=x(tick), y1=20, y2=bottom, class_="grid"))
        parts.append(el("text", short(tick), x=x(tick), y=13, class_="tick", text_anchor="middle"))
    before: float | None = None
    for index, (step, value) in enumerate(known):
        y = 44 + row * index
        what = "; ".join(f"{k.split('.')[-1]} {short(a, 3)} → {short(b, 3)}" for k, a, b in step.changes) or "baseline"
        what = what if len(what) < 84 else what[:83] + "…"
        parts.append(el("text", f"{step.number}  {what}", x=left, y=y - 6, class_="label halo"))
        if before is None:
            parts.append(el("circle", cx=x(value), cy=y + 8, r=5, class_="start"))
        else:
            a, b = sorted((x(before), x(value)))
            kind = "better" if (step.gain or 0.0) > 0 else "worse"
            parts.append(el("rect", x=a, y=y, width=max(1.5, b - a), height=16, class_=f"gain {kind}", rx=2))
        sure = "" if step.certainty is None else f"  ({100 * step.certainty:.0f} % certain)"
        note = short(value) if step.change is None else f"{step.change:+.3g}{sure}"
        parts.append(el("text", note, x=max(x(value), x(before or value)) + 8, y=y + 12, class_="tick halo"))
        before = value
    return chart(right + 130, bottom + 16, *parts, label=f"{score_name(objective)} from the baseline to the best")


def ablations(sweep: Sweep) -> list[Ablation]:
    """For every parameter in which the best differs from the baseline: the run that takes this one back, if any."""
    best = sweep.state.best()
    if best is None:
        return []
    space, objective = sweep.settings.space, sweep.settings.objective
    tree = sweep.state.trees[best.block]
    own, baseline = tree.node(best.number), space.baseline()
    found = []
    for key in space.changed(baseline, own.values):
        taken_back = {**own.values, key: baseline.get(key)}
        node = None if taken_back[key] is None else tree.find(taken_back)
        mean = None if node is None else node.mean
        found.append(
            Ablation(
                key,
                own.values.get(key),
                baseline.get(key),
                None if node is None else node.id,
                None if mean is None else objective.value_of_score(mean),
                None if mean is None or own.mean is None else own.mean - mean,
                None if node is not None else _taken_back(sweep, best, key),
            )
        )
    return found


def _taken_back(sweep: Sweep, best: Trial, key: str) -> str | None:
    """The command of the best trial with one parameter as the baseline had it."""
    root = sweep.state.baseline(best.block)
    try:
        return None if root is None else command_with(sweep, best, key, sweep.state.trials[root.trials[0]])
    except LookupFailure:
        return None
