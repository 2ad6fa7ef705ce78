"""Hypotheses against results: does an interval that is said to hold with a chance of 80 % hold in 80 % of the cases?

The interval score (Gneiting & Raftery 2007) is the width, plus 2/alpha times the distance by which a result lies
outside, alpha = 0.2: a wide interval that always holds costs as well as a narrow one that misses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from hydra_llm.report.svg import Axis, chart, el, padded, short, y_axis
from hydra_llm.search.reading import Sweep

NOMINAL = 0.8
ALPHA = 1.0 - NOMINAL
MOST_SHOWN = 300


@dataclass(frozen=True)
class Case:
    number: int
    block: int
    low: float
    high: float
    value: float

    @property
    def holds(self) -> bool:
        return self.low <= self.value <= self.high

    @property
    def score(self) -> float:
        outside = max(self.low - self.value, self.value - self.high, 0.0)
        return (self.high - self.low) + 2.0 / ALPHA * outside


@dataclass(frozen=True)
class Calibration:
    """`interval` is Wilson's 95 % interval of the coverage; `open_cases` have no value yet or failed."""

    cases: list[Case]
    open_cases: int
    coverage: float | None
    interval: tuple[float, float] | None
    width: float | None
    score: float | None
    above: int  # misses with a result above the interval
    by_block: list[tuple[int, int, int]]  # block, held, cases

    @property
    def verdict(self) -> str:
        if self.coverage is None or self.interval is None:
            return "No prediction was scored."
        low, high = self.interval
        share = f"{100 * self.coverage:.0f} % of {len(self.cases)} intervals held, {100 * NOMINAL:.0f} % were promised"
        if high < NOMINAL:
            return f"Overconfident: {share}."
        if low > NOMINAL:
            return f"Too cautious: {share}."
        return f"No contradiction: {share} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)."


def calibration(sweep: Sweep) -> Calibration:
    cases, waiting = [], 0
    for trial in sweep.state.search_trials():
        prediction = getattr(trial.proposal, "prediction", None)
        if prediction is None:
            continue
        if trial.value is None:
            waiting += 1
        else:
            cases.append(Case(trial.number, trial.block, prediction.low, prediction.high, trial.value))
    held = sum(case.holds for case in cases)
    n = len(cases)
    blocks = sorted({case.block for case in cases})
    return Calibration(
        cases,
        waiting,
        held / n if n else None,
        wilson(held, n) if n else None,
        sum(case.high - case.low for case in cases) / n if n else None,
        sum(case.score for case in cases) / n if n else None,
        sum(case.value > case.high for case in cases),
        [(b, sum(c.holds for c in cases if c.block == b), sum(c.block == b for c in cases)) for b in blocks],
    )


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (1927)."""
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def drawing(found: Calibration, name: str) -> Markup | None:
    """Each predicted interval as a bar, its result as a dot, in order of number."""
    cases = found.cases[-MOST_SHOWN:]
    if not cases:
        return None
    step = max(7.0, min(22.0, 980.0 / len(cases)))
    left, top, bottom = 70.0, 30.0, 260.0
    right = left + step * len(cases) + 10
    y = Axis(*padded([v for c in cases for v in (c.low, c.high, c.value)]), bottom, top)
    parts = y_axis(y, left, right, name)
    for index, case in enumerate(cases):
        x = left + 8 + step * index
        kind = "held" if case.holds else "missed"
        text = f"trial {case.number}: predicted {short(case.low)} to {short(case.high)}, was {short(case.value)}"
        parts += [
            el("line", x1=x, x2=x, y1=y(case.low), y2=y(case.high), class_=f"predicted {kind}"),
            _mark(x, y(case.value), kind, text, case.number),
        ]
    every = max(1, math.ceil(40 / step))
    for index, case in enumerate(cases):
        if index % every == 0:
            x = left + 8 + step * index
            parts.append(el("text", case.number, x=x, y=bottom + 16, class_="tick", text_anchor="middle"))
    parts.append(el("text", "trial", x=(left + right) / 2, y=bottom + 34, class_="axis-name", text_anchor="middle"))
    return chart(right + 20, bottom + 44, *parts, label="Predicted intervals and results")


def _mark(x: float, y: float, kind: str, text: str, number: int) -> Markup:
    title = el("title", text)
    if kind == "held":
        return el("circle", title, cx=x, cy=y, r=3.2, class_="result held", data_trial=number)
    shape = f"M{x - 3.5:.1f},{y - 3.5:.1f}l7,7m0,-7l-7,7"
    return el("path", title, d=shape, class_="result missed", data_trial=number)
