"""Timeline, stream graph and flow of modes. Every colour has its name beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from hydra_llm.report.epistemic.analysis import Analysis, written
from hydra_llm.report.epistemic.events import ReasoningEvent
from hydra_llm.report.epistemic.relations import REJECTS
from hydra_llm.report.svg import WIDEST, Axis, chart, el, x_axis
from hydra_llm.search.trial.reasoning import ReasoningMode

COLOURS: dict[ReasoningMode, str] = {
    ReasoningMode.INDUCTION: "#2fae66",
    ReasoningMode.ABDUCTION: "#9b59b6",
    ReasoningMode.DEDUCTION: "#3498db",
    ReasoningMode.FALSIFICATION: "#e04f3f",
    ReasoningMode.ANALOGY: "#e09a10",
    ReasoningMode.BOUNDARY: "#1aa58a",
    ReasoningMode.META: "#e0377a",
    ReasoningMode.UNCERTAINTY: "#6f8794",
    ReasoningMode.CAUSAL: "#0fa9bf",
    ReasoningMode.CONSTRAINT: "#f06a2f",
    ReasoningMode.REGIME: "#8a6352",
    ReasoningMode.PREDICTION: "#7fb03c",
}
WIDTH, LEFT, RIGHT = WIDEST, 200.0, WIDEST - 20.0
ROW = 25.0
SHAPES = {"observation": "circle", "memory": "square", "protocol": "square", "hypothesis": "bar"}


def timeline(found: Analysis) -> Markup | None:
    """A row per mode, a mark per event, lines for accepted relations."""
    events = [event for event in found.events if event.mode is not None]
    if not events:
        return None
    rows = [mode for mode in ReasoningMode if any(event.mode is mode for event in events)]
    x, bottom = Axis(0, max(1, found.steps), LEFT, RIGHT), 20 + ROW * len(rows)
    parts = []
    for place, mode in enumerate(rows):
        y = _row_y(place)
        count = sum(event.mode is mode for event in events)
        parts.append(el("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(el("text", mode.value, x=LEFT - 44, y=y + 4, class_="label", text_anchor="end"))
        parts.append(el("text", count, x=LEFT - 14, y=y + 4, class_="tick", text_anchor="end"))
    place_of = {mode: place for place, mode in enumerate(rows)}
    at = {
        event.index: (x(event.step) + _offset(event), _row_y(place_of[event.mode]))
        for event in events
        if event.mode is not None
    }
    for relation in found.relations.accepted:
        (x1, y1), (x2, y2) = at[relation.start], at[relation.end]
        if relation.kind == REJECTS:
            (x1, y1), (x2, y2) = (x2, y2), (x1, y1)  # a rejection points back
        bend = 10 if y1 == y2 else 0
        line = f"M{x1:.1f},{y1:.1f}Q{(x1 + x2) / 2:.1f},{(y1 + y2) / 2 - bend:.1f} {x2:.1f},{y2:.1f}"
        parts.append(el("path", d=line, class_=f"relation {relation.kind}"))
    parts += [_mark(event, *at[event.index]) for event in events]
    return chart(
        WIDTH,
        bottom + 44,
        *parts,
        *x_axis(x, bottom, "results so far"),
        label="Events of reasoning in time",
        id="modes",
    )


def _row_y(place: int) -> float:
    return 20 + ROW * (place + 0.5)


def _offset(event: ReasoningEvent) -> float:
    """Sources of one moment stand beside each other."""
    return {"observation": -1.5, "memory": 0.0, "protocol": 0.0, "hypothesis": 1.5}[event.source]


def _mark(event: ReasoningEvent, x: float, y: float) -> Markup:
    assert event.mode is not None  # the callers leave others out
    sure = "" if event.confidence is None else f", {100 * event.confidence:.0f} % sure"
    title = el("title", f"{event.mode.value} ({event.source}{sure}): {event.text[:220]}")
    fill, trial = COLOURS[event.mode], event.trials[0] if event.trials else None
    size = 1.8 + 1.1 * event.significance
    if SHAPES[event.source] == "circle":
        return el("circle", title, cx=x, cy=y, r=size, fill=fill, class_="event", data_trial=trial)
    if SHAPES[event.source] == "square":
        return el(
            "rect",
            title,
            x=x - size,
            y=y - size,
            width=2 * size,
            height=2 * size,
            fill=fill,
            class_="event",
            data_trial=trial,
        )
    return el(
        "rect",
        title,
        x=x - 0.8,
        y=y - 1.6 * size,
        width=1.6,
        height=3.2 * size,
        fill=fill,
        class_="event",
        data_trial=trial,
    )


# ---- stream graph ----
def stream(found: Analysis, bins: int = 60) -> Markup | None:
    """Smoothed counts of written thoughts, stacked around a middle line."""
    events = written(found.events)
    if len(events) < 8:
        return None
    modes = [mode for mode in ReasoningMode if any(event.mode is mode for event in events)]
    width = max(1.0, found.steps / 18)
    positions = [found.steps * i / (bins - 1) for i in range(bins)]
    layers = {mode: _density([e.step for e in events if e.mode is mode], positions, width) for mode in modes}
    totals = [sum(layer[i] for layer in layers.values()) for i in range(bins)]
    top, height = 16.0, 210.0
    scale = height / max(totals)
    x = Axis(0, max(1, found.steps), LEFT, RIGHT)
    edge = [top + (height - total * scale) / 2 for total in totals]
    parts, labels = [], []
    for mode in modes:
        upper = list(edge)
        edge = [low + value * scale for low, value in zip(upper, layers[mode], strict=True)]
        points = [(x(p), y) for p, y in zip(positions, upper, strict=True)]
        points += [(x(p), y) for p, y in reversed(list(zip(positions, edge, strict=True)))]
        line = "M" + "L".join(f"{px:.1f},{py:.1f}" for px, py in points) + "Z"
        count = sum(event.mode is mode for event in events)
        parts.append(el("path", el("title", f"{mode.value}: {count}"), d=line, fill=COLOURS[mode], class_="layer"))
        thick = [low - high for low, high in zip(edge, upper, strict=True)]
        best = max(range(4, bins - 4), key=lambda i: thick[i])
        if thick[best] > 12:
            spot = (x(positions[best]), (upper[best] + edge[best]) / 2 + 4)
            labels.append(el("text", mode.value, x=spot[0], y=spot[1], class_="in-layer", text_anchor="middle"))
    axis = x_axis(x, top + height + 10, "results so far")
    return chart(WIDTH, top + height + 56, *parts, *labels, *axis, label="Modes of reasoning over time")


def _density(steps: Sequence[int], positions: Sequence[float], width: float) -> list[float]:
    return [sum(math.exp(-0.5 * ((p - s) / width) ** 2) for s in steps) for p in positions]


# ---- flow ----
def flow(found: Analysis) -> Markup | None:
    """Which mode follows which: consecutive written thoughts, left the earlier, right the later."""
    pairs = found.transitions
    total = sum(pairs.values())
    if total < 4:
        return None
    modes = [mode for mode in ReasoningMode if any(mode in pair for pair in pairs)]
    gap, height = 9.0, 380.0
    unit = (height - gap * (len(modes) - 1)) / total
    left_x, right_x, bar = 190.0, 600.0, 13.0
    starts = _stack(modes, {m: sum(n for (a, _), n in pairs.items() if a is m) for m in modes}, unit, gap)
    ends = _stack(modes, {m: sum(n for (_, b), n in pairs.items() if b is m) for m in modes}, unit, gap)
    used_left, used_right = dict.fromkeys(modes, 0.0), dict.fromkeys(modes, 0.0)
    parts = []
    for a in modes:
        for b in modes:
            count = pairs.get((a, b), 0)
            if not count:
                continue
            y1 = starts[a][0] + used_left[a] + count * unit / 2
            y2 = ends[b][0] + used_right[b] + count * unit / 2
            used_left[a] += count * unit
            used_right[b] += count * unit
            middle = (left_x + bar + right_x) / 2
            line = f"M{left_x + bar:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {right_x:.1f},{y2:.1f}"
            text = f"{a.value} → {b.value}: {count} of {total}"
            parts.append(
                el(
                    "path",
                    el("title", text),
                    d=line,
                    stroke=COLOURS[a],
                    stroke_width=max(1.0, count * unit),
                    fill="none",
                    class_="flow",
                )
            )
    for mode in modes:
        for (top, size), x, anchor, tx in (
            (starts[mode], left_x, "end", left_x - 8),
            (ends[mode], right_x, "start", right_x + bar + 8),
        ):
            if size:
                parts.append(el("rect", x=x, y=top, width=bar, height=size, fill=COLOURS[mode]))
                label = f"{mode.value} {round(size / unit)}"
                parts.append(el("text", label, x=tx, y=top + size / 2 + 4, class_="label", text_anchor=anchor))
    return chart(800, height + 24, *parts, label="Transitions between modes of reasoning")


def _stack(
    modes: Sequence[ReasoningMode], sizes: dict[ReasoningMode, int], unit: float, gap: float
) -> dict[ReasoningMode, tuple[float, float]]:
    """Upper edge and height of each mode's bar."""
    y, found = 10.0, {}
    for mode in modes:
        size = sizes[mode] * unit
        found[mode] = (y, size)
        y += size + (gap if size else 0.0)
    return found
