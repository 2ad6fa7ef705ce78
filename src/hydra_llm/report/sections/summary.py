"""The claim of the sweep: baseline against best on seeds that the search has not seen, with intervals.

The value that the search selected on stands beside it and is named as what it is, the best of many noisy numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from hydra_llm.report.svg import Axis, chart, el, padded, short
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records import confirmation, full_budget
from hydra_llm.search.sample import half_width
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.trial.trial import Trial, TrialState

HELD_OUT = "test_"  # metrics of the held-out recording begin with it


@dataclass(frozen=True)
class Interval:
    """Mean of the runs and its 95 % interval (Student); None where there are too few runs."""

    mean: float
    low: float | None
    high: float | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class ComparisonRow:
    """One metric at one budget, on the same fresh seeds for both sides."""

    budget: str
    metric: str
    held_out: bool
    baseline: Interval | None
    best: Interval | None
    difference: Interval | None


def interval(values: list[float]) -> Interval | None:
    if not values:
        return None
    mean, half = sum(values) / len(values), half_width(values)
    if half is None:
        return Interval(mean, None, None, tuple(values))
    return Interval(mean, mean - half, mean + half, tuple(values))


def rows(sweep: Sweep) -> list[ComparisonRow]:
    """The metric of the search, then every held-out one, for each budget of the confirmation."""
    state, found = sweep.state, []
    best = state.best()
    if best is None:
        return []
    root = state.baseline(best.block)
    current = {best.number, root.id if root is not None else best.number}
    runs = [t for t in state.confirmations if t.proposal.parent in current and t.state is TrialState.COMPLETED]
    name = sweep.settings.objective.name
    held_out = sorted({m for t in runs for m in t.metrics if m.split("/")[-1].startswith(HELD_OUT) and m != name})
    for budget in dict.fromkeys(t.budget for t in runs):
        for metric in (name, *held_out):
            sides = {
                role: {
                    str(sorted(t.seeds.items())): v
                    for t in runs
                    if (v := _value(t, role, budget, metric, name)) is not None
                }
                for role in ("best", "baseline")
            }
            pairs = [sides["best"][s] - sides["baseline"][s] for s in sides["best"] if s in sides["baseline"]]
            found.append(
                ComparisonRow(
                    budget,
                    metric,
                    metric.split("/")[-1].startswith(HELD_OUT),
                    interval(list(sides["baseline"].values())),
                    interval(list(sides["best"].values())),
                    interval(pairs),
                )
            )
    return found


def _value(trial: Trial, role: str, budget: str, metric: str, name: str) -> float | None:
    if trial.proposal.role != role or trial.budget != budget:
        return None
    return trial.value if metric == name else trial.metrics.get(metric)


def verdicts(sweep: Sweep) -> list[str]:
    found = [f"{line}." for line in full_budget.lines(sweep.state, sweep.settings.objective)]
    for item in confirmation.compare(sweep.state):
        where = f" of {item.regime}" if item.regime else ""
        found.append(f"{item.budget} budget{where}: {item.verdict}.")
    beside = pool_record(sweep.state.search_trials(), sweep.settings.objective).line
    return [*found, f"The model beside the Gaussian process: {beside}."] if beside else found


ROW, HEAD, GAP = 58.0, 30.0, 14.0  # heights: of a row, of the numbers above the rows of a metric, below them
LEFT, RIGHT = 250.0, 850.0


def drawing(found: list[ComparisonRow]) -> Markup | None:
    """Two marks per row, baseline and best, with their intervals and single runs; each metric on an axis of its own."""
    known = [row for row in found if row.baseline is not None]
    if not known:
        return None
    parts: list[Markup] = []
    top = 4.0
    for metric in dict.fromkeys(row.metric for row in known):
        rows_of_metric = [row for row in known if row.metric == metric]
        x = _axis_of(rows_of_metric)
        bottom = top + HEAD + ROW * len(rows_of_metric)
        for tick in x.ticks(6):
            parts.append(el("line", x1=x(tick), x2=x(tick), y1=top + 20, y2=bottom - 4, class_="grid"))
            parts.append(el("text", short(tick), x=x(tick), y=top + 12, class_="tick", text_anchor="middle"))
        for index, row in enumerate(rows_of_metric):
            parts += _row_marks(row, x, top + HEAD + ROW * index)
        top = bottom + GAP
    return chart(980, top, *parts, label="Baseline and best on fresh seeds with 95 % intervals, an axis per metric")


def _axis_of(found: list[ComparisonRow]) -> Axis:
    """All values and ends of intervals of one metric."""
    values: list[float] = []
    for row in found:
        for side in (row.baseline, row.best):
            if side is not None:
                values += [*side.values, *(end for end in (side.low, side.high) if end is not None)]
    return Axis(*padded(values), LEFT, RIGHT)


def _row_marks(row: ComparisonRow, x: Axis, top: float) -> list[Markup]:
    """Of one metric at one budget: baseline above best."""
    parts = [el("text", row.metric, x=236, y=top + 12, class_="label strong", text_anchor="end")]
    what = f"{row.budget} budget" + (", held out" if row.held_out else "")
    parts.append(el("text", what, x=236, y=top + 28, class_="tick", text_anchor="end"))
    for offset, side, kind in ((4.0, row.baseline, "baseline"), (24.0, row.best, "best")):
        if side is None:
            continue
        y = top + offset
        if side.low is not None and side.high is not None:
            parts.append(el("line", x1=x(side.low), x2=x(side.high), y1=y, y2=y, class_=f"whisker {kind}"))
        parts += [el("circle", cx=x(v), cy=y, r=2.6, class_=f"run {kind}") for v in side.values]
        shape = {"baseline": f"M{x(side.mean):.1f},{y - 7:.1f}l7,7l-7,7l-7,-7Z"}.get(
            kind, f"M{x(side.mean) - 6:.1f},{y - 6:.1f}h12v12h-12Z"
        )
        parts.append(el("path", el("title", f"{kind}: {short(side.mean)}"), d=shape, class_=f"mean {kind}"))
        parts.append(el("text", f"{kind} {short(side.mean)}", x=866, y=y + 4, class_="tick"))
    return parts
