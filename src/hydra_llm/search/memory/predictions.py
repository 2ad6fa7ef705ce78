"""The ledger of predictions: what was expected of each trial, what came, and how good the forecaster is.

A prediction is an interval that holds the metric with a chance of 80 %. Three scores: coverage (the share of results
inside, with Wilson's 95 % interval); the interval score of Gneiting and Raftery (2007, eq. 43), the width plus 10 times
the distance by which the result misses, smaller is better; the log score, the log density of the result under the
normal distribution that has the interval as its central 80 %, larger is better. An interval narrower than the noise
counts as one of the noise, since no forecaster can know more; near a ceiling the noise is that of a run in its middle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.number_text import number, percent
from hydra_llm.search.sample import wilson
from hydra_llm.search.settings import Settings
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.trial import Prediction, Trial, TrialState

Status = Literal["open", "held", "missed", "failed", "void"]

CHANCE = 0.8  # that an interval promises
Z80 = 1.2816  # the central 80 % of a normal distribution reach so many standard deviations
LEAST_SD = 1e-6  # of a normal distribution behind an interval, where no noise is known
REFUTED = "refuted"  # kind of the note in which an author judges the refutation of a prediction
YES, NO = "yes", "no"
FEWEST = 5  # judged predictions before anything is said about the forecaster


@dataclass(frozen=True)
class Forecast:
    """One prediction and what became of it. `z` is the result's distance from the middle in standard deviations."""

    number: int
    block: int
    prediction: Prediction
    principle: str = ""
    status: Status = "open"
    value: float | None = None
    interval_score: float | None = None
    log_score: float | None = None
    z: float | None = None


@dataclass(frozen=True)
class Calibration:
    """`judged` predictions have a result inside or outside; failed trials count as missed, without further scores."""

    judged: int = 0
    held: int = 0
    failed: int = 0
    open: int = 0
    coverage: float | None = None
    interval: tuple[float, float] | None = None  # 95 % for the coverage
    interval_score: float | None = None
    log_score: float | None = None
    width: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the intervals are honest, in words for the forecaster; "" while that is open."""
        if self.interval is None or self.judged < FEWEST or self.interval[0] <= CHANCE <= self.interval[1]:
            return ""
        return "too narrow, widen them" if self.interval[1] < CHANCE else "too wide, narrow them"


def forecasts(state: SweepState, block: int | None = None) -> list[Forecast]:
    """All predictions of search trials in order of number; `block`: of that block alone."""
    found = []
    for index in state.trees:
        if block is None or index == block:
            records = state.recordings(index)
            found += [_scored(t, p, records) for t in state.block_trials(index) if (p := t.proposal.prediction)]
    return sorted(found, key=lambda forecast: forecast.number)


def _scored(trial: Trial, prediction: Prediction, records: Recordings) -> Forecast:
    middle = records.objective.score((prediction.low + prediction.high) / 2)
    return judged(trial, records.noise_at(middle))


def judged(trial: Trial, floor: float = 0.0) -> Forecast:
    """A trial's prediction against its result; `floor` is the noise of single runs there, 0 while unknown."""
    prediction = trial.proposal.prediction
    assert prediction is not None  # callers select trials that have one
    base = (trial.number, trial.block, prediction, trial.proposal.principle)
    if not trial.state.is_finished:
        return Forecast(*base)
    if trial.state is not TrialState.COMPLETED or trial.value is None:
        return Forecast(*base, "failed" if trial.state.is_bad else "void")
    low, high, value = prediction.low, prediction.high, trial.value
    middle, deviation = (low + high) / 2, max((high - low) / (2 * Z80), floor, LEAST_SD)
    miss = max(low - value, value - high, 0.0)
    z = (value - middle) / deviation
    return Forecast(
        *base,
        "held" if miss == 0.0 else "missed",
        value,
        (high - low) + 2 / (1 - CHANCE) * miss,
        -0.5 * z * z - math.log(deviation * math.sqrt(2 * math.pi)),
        z,
    )


def calibration(found: Iterable[Forecast]) -> Calibration:
    items = list(found)
    scored = [f for f in items if f.interval_score is not None and f.log_score is not None]
    held = sum(f.status == "held" for f in items)
    failed = sum(f.status == "failed" for f in items)
    judged_ = len(scored) + failed
    if not judged_:
        return Calibration(open=sum(f.status == "open" for f in items))
    return Calibration(
        judged_,
        held,
        failed,
        sum(f.status == "open" for f in items),
        held / judged_,
        wilson(held, judged_),
        _mean([f.interval_score for f in scored]),
        _mean([f.log_score for f in scored]),
        _mean([f.prediction.high - f.prediction.low for f in scored]),
    )


def summary(found: Calibration) -> str:
    """One line on a calibration, "" while nothing is judged."""
    if not found.judged or found.coverage is None or found.interval is None:
        return ""
    low, high = found.interval
    parts = [
        f"{found.held} of {found.judged} results inside the predicted interval ({100 * found.coverage:.0f} %, "
        f"95 %: {100 * low:.0f} to {100 * high:.0f} %; promised {100 * CHANCE:.0f} %)"
    ]
    if found.interval_score is not None and found.log_score is not None and found.width is not None:
        parts.append(
            f"mean width {found.width:.4g}, interval score {found.interval_score:.4g}, log score {found.log_score:.3g}"
        )
    if found.failed:
        parts.append(f"{found.failed} failed")
    if found.verdict:
        parts.append(f"the intervals are {found.verdict}")
    return "; ".join(parts) + "."


def fates(state: SweepState) -> dict[int, str]:
    """Trial -> what became of its prediction, by its interval and, as its author judged it, by its own refutation."""
    judgements = _told(state, REFUTED)
    return {f.number: _fate(f, judgements.get(f.number, "")) for f in forecasts(state) if f.status != "open"}


def _fate(f: Forecast, refuted: str) -> str:
    interval = f"predicted {f.prediction.low:.6g}..{f.prediction.high:.6g}: {f.status}"
    return f"{interval}; its refutation {'came' if refuted == YES else 'did not come'}" if refuted else interval


def refutations(state: SweepState) -> dict[int, str]:
    """Trial -> what its author said would refute its prediction, where that is still to be judged."""
    judgements, observations = _told(state, REFUTED), _told(state, "observation")
    return {
        f.number: f.prediction.refuted_if
        for f in forecasts(state)
        if f.status in ("held", "missed") and f.prediction.refuted_if and f.number not in judgements | observations
    }


def _told(state: SweepState, kind: str) -> dict[int, str]:
    """Trial -> the latest note of this kind on it."""
    return {note.number: note.text for note in state.notes if note.kind == kind and note.number is not None}


def markdown(state: SweepState, settings: Settings) -> str:
    """`hypotheses.md`: calibration by block, then every prediction; "" without any."""
    found = forecasts(state)
    if not found:
        return ""
    name = settings.objective.name
    lines = [f"# Hypotheses: predicted {name} and what came", ""]
    lines += [
        "| block | judged | inside | coverage | 95 % | mean width | interval score | log score | failed | open |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows: list[tuple[str, Sequence[Forecast]]] = [
        (str(b.index), [f for f in found if f.block == b.index]) for b in state.blocks
    ]
    for label, items in [*rows, ("all", found)]:
        if items:
            lines.append(_row(label, calibration(items)))
    lines += [
        "",
        f"Promised: {100 * CHANCE:.0f} % inside. Interval score: width plus {2 / (1 - CHANCE):.0f} times the miss, "
        "smaller is better. Log score: log density of the result, larger is better.",
        "",
        f"| trial | block | predicted | {name} | | hypothesis | refuted if | tests |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for f in reversed(found):
        p = f.prediction
        cells = [
            str(f.number),
            str(f.block),
            f"{p.low:.4g} to {p.high:.4g}",
            "-" if f.value is None else f"{f.value:.4g}",
            f.status,
            *(text.replace("|", "\\|") for text in (p.statement, p.refuted_if, f.principle)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _row(label: str, c: Calibration) -> str:
    bounds = "-" if c.interval is None else f"{100 * c.interval[0]:.0f} to {100 * c.interval[1]:.0f} %"
    scores = (number(score, 3) for score in (c.width, c.interval_score, c.log_score))
    cells = [label, str(c.judged), str(c.held), percent(c.coverage), bounds, *scores, str(c.failed), str(c.open)]
    return "| " + " | ".join(cells) + " |"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
