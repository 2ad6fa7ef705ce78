"""How runs went while they trained, in five numbers each: of the newest trials and of the leader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hydra_llm.job import Report, read_reports
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_numbers import short
from hydra_llm.search.proposers.llm.prompt_text import Section, label
from hydra_llm.search.proposers.llm.shown import is_withheld
from hydra_llm.search.trial.trial import Trial

NEWEST = 3  # trials whose curve is shown, beside the leader's
POINTS = 5
DIGITS = 3  # significant


def curves(context: Context) -> Section | None:
    """What runs report of themselves by `job.report`, at each fifth of the steps that they came to; None where they do
    not.
    """
    found = {trial.number: (trial, curve) for trial in _of_interest(context) if (curve := _curve(trial))}
    if not found:
        return None
    leader = context.recordings.leader
    own = set() if leader is None else set(leader.trials)
    rows = []
    for number, (_, curve) in sorted(found.items(), reverse=True):
        values = ", ".join(short(value, digits=DIGITS) for value in _fifths(curve))
        rows.append(f"- {number}{' (leader)' if number in own else ''}: {values} (to step {curve[-1].step})")
    name = _ends_at(found.values())
    what = f"`{label(name)}`, as it ends" if name else "what a run reports of itself"
    head = f"While they trained, at each fifth of the steps: {what}."
    return Section("Learning curves", (head,), tuple(rows), keep=2, patience=55)


def _of_interest(context: Context) -> list[Trial]:
    """The newest finished trials, and the newest run of the leader."""
    ended = {trial.number: trial for trial in context.finished}
    leader = context.recordings.leader
    runs = [] if leader is None else [number for number in leader.trials if number in ended][-1:]
    return [ended[number] for number in dict.fromkeys([*list(ended)[-NEWEST:], *runs])]


def _curve(trial: Trial) -> list[Report]:
    """Finite reports in order of step, of the last attempt that the run made; [] for fewer than two."""
    if not trial.folder:
        return []
    kept: list[Report] = []
    for item in read_reports(Path(trial.folder)):
        if kept and item.step <= kept[-1].step:  # it began anew
            kept = []
        if math.isfinite(item.value):
            kept.append(item)
    return kept if len(kept) > 1 else []


def _fifths(curve: Sequence[Report]) -> list[float]:
    """Values at a fifth, two fifths, ... of the last step: the latest report by then. All of a curve of five."""
    if len(curve) <= POINTS:
        return [item.value for item in curve]
    limits = [curve[-1].step * part / POINTS for part in range(1, POINTS + 1)]
    return [next((i.value for i in reversed(curve) if i.step <= limit), curve[0].value) for limit in limits]


def _ends_at(found: Iterable[tuple[Trial, Sequence[Report]]]) -> str:
    """The metric that every one of these runs returned with the value of its last report; "" where none is."""
    names: Mapping[str, None] | None = None
    for trial, curve in found:
        equal = {n: None for n, v in trial.metrics.items() if v == curve[-1].value and not is_withheld(n)}
        names = equal if names is None else {name: None for name in names if name in equal}
    return next(iter(names or {}), "")
