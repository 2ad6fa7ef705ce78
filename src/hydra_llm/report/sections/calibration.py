"""Hypotheses against results: the ledger of predictions (search/predictions.py) as a drawing and rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hydra_llm.report.svg import WIDEST, Axis, chart, el, padded, short, y_axis
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.memory.predictions import CHANCE, Calibration, Forecast, calibration, forecasts

MOST_SHOWN = 300


@dataclass(frozen=True)
class PredictionLedger:
    whole: Calibration
    by_block: list[tuple[int, Calibration]]
    forecasts: list[Forecast]
    above: int  # misses with a result above the interval

    @property
    def verdict(self) -> str:
        found = self.whole
        if found.coverage is None or found.interval is None:
            return ""
        low, high = found.interval
        words = {"too narrow, widen them": "Overconfident", "too wide, narrow them": "Too cautious"}
        return (
            f"{words.get(found.verdict, 'No contradiction')}: {found.held} of {found.judged} intervals held, "
            f"{100 * found.coverage:.0f} % (95 % interval {100 * low:.0f} to {100 * high:.0f} %), "
            f"{100 * CHANCE:.0f} % were promised."
        )


def ledger(sweep: Sweep) -> PredictionLedger:
    found = forecasts(sweep.state)
    blocks = sorted({forecast.block for forecast in found})
    return PredictionLedger(
        calibration(found),
        [(block, calibration(f for f in found if f.block == block)) for block in blocks],
        found,
        sum(f.status == "missed" and f.z is not None and f.z > 0 for f in found),
    )


def drawing(found: Sequence[Forecast], name: str) -> Markup | None:
    """Each predicted interval as a bar, its result as a mark, in order of number."""
    cases = [(f, f.value) for f in found if f.value is not None][-MOST_SHOWN:]
    if not cases:
        return None
    step = max(7.0, min(22.0, (WIDEST - 100.0) / len(cases)))
    left, top, bottom = 70.0, 30.0, 260.0
    right = left + step * len(cases) + 10
    values = sorted(v for f, value in cases for v in (f.prediction.low, f.prediction.high, value))
    cut = int(0.02 * len(values))  # a forecaster may name any number; a few wild ones must not flatten the rest
    y = Axis(*padded(values[cut : len(values) - cut]), bottom, top)
    parts = y_axis(y, left, right, name)
    every = max(1, math.ceil(40 / step))
    for index, (forecast, value) in enumerate(cases):
        x = left + 8 + step * index
        low, high = forecast.prediction.low, forecast.prediction.high
        text = f"trial {forecast.number}: predicted {short(low)} to {short(high)}, was {short(value)}"
        parts += [
            el("line", x1=x, x2=x, y1=y(low), y2=y(high), class_=f"predicted {forecast.status}"),
            _mark(x, y(value), forecast.status, text, forecast.number),
        ]
        if index % every == 0:
            parts.append(el("text", forecast.number, x=x, y=bottom + 16, class_="tick", text_anchor="middle"))
    parts.append(el("text", "trial", x=(left + right) / 2, y=bottom + 34, class_="axis-name", text_anchor="middle"))
    return chart(right + 20, bottom + 44, *parts, label="Predicted intervals and results")


def _mark(x: float, y: float, status: str, text: str, number: int) -> Markup:
    title = el("title", text)
    if status == "held":
        return el("circle", title, cx=x, cy=y, r=3.2, class_="result held", data_trial=number)
    shape = f"M{x - 3.5:.1f},{y - 3.5:.1f}l7,7m0,-7l-7,7"
    return el("path", title, d=shape, class_="result missed", data_trial=number)
