"""The Pareto front of a sweep with several objectives: every pair of them as a plane, and a table of the members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from markupsafe import Markup

from hydra_llm.report.svg import Axis, chart, el, padded, path, x_axis, y_axis
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.front import on_front
from hydra_llm.search.tree.front import FrontMember
from hydra_llm.search.trial.objectives import Objectives

WIDTH, HEIGHT = 540.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, 525.0, 44.0, 360.0
OUTLIERS = 0.1  # share of trials, the worst ones, that an axis does not follow
MOST_PLANES = 6  # pairs of four objectives

Point = tuple[int, tuple[float, ...]]  # trial, objectives


@dataclass(frozen=True)
class FrontRow:
    number: int
    values: tuple[float, ...]
    runs: int
    params: dict[str, Any]
    is_nearest: bool


def names(sweep: Sweep) -> list[str]:
    """Each objective with what is better; [] without several."""
    several = sweep.settings.objectives
    return [] if several is None else [_axis_name(several, place) for place in range(len(several.names))]


def rows(sweep: Sweep) -> list[FrontRow]:
    """By the first objective, best first."""
    state, best = sweep.state, sweep.state.best()
    nearest = None if best is None else on_front(state).get(best.number)
    return [
        FrontRow(m.number, m.values, m.runs, state.trials[m.number].values, m.number == nearest) for m in state.front
    ]


def planes(sweep: Sweep) -> list[Markup]:
    """A drawing for every pair of objectives; [] while there is no front."""
    several, front = sweep.settings.objectives, sweep.state.front
    if several is None or not front:
        return []
    ended = [trial for trial in sweep.state.search_trials() if trial.value is not None]
    trials = [(trial.number, several.values(trial.metrics)) for trial in ended]
    pairs = list(combinations(range(len(several.names)), 2))[:MOST_PLANES]
    return [_plane(several, trials, front, x, y) for x, y in pairs]


def _plane(several: Objectives, trials: Sequence[Point], front: Sequence[FrontMember], across: int, up: int) -> Markup:
    x = Axis(*_range(several, trials, front, across), LEFT, RIGHT)
    y = Axis(*_range(several, trials, front, up), BOTTOM, TOP)
    parts = [*y_axis(y, LEFT, RIGHT, _axis_name(several, up), above=18)]
    parts += x_axis(x, BOTTOM, _axis_name(several, across), most=6)
    for number, values in trials:
        inside = x.low <= values[across] <= x.high and y.low <= values[up] <= y.high
        title = el("title", f"trial {number}: {several.text(values)}")
        place = {"cx": x(_kept(x, values[across])), "cy": y(_kept(y, values[up]))}
        parts.append(el("circle", title, **place, r=3.4, class_="dot" if inside else "dot low", data_trial=number))
    spots = [(x(member.values[across]), y(member.values[up])) for member in front]
    if len(several.names) == 2:  # members of a front in more dimensions make no line in a plane
        parts.append(el("path", d=path(_steps(spots)), class_="line"))
    for member, (cx, cy) in zip(front, spots, strict=True):
        title = el("title", f"trial {member.number}, on the front: {several.text(member.values)}")
        parts.append(el("circle", title, cx=cx, cy=cy, r=5.5, class_="dot member", data_trial=member.number))
    label = f"{several.names[up]} against {several.names[across]}: {len(front)} on the Pareto front"
    return chart(WIDTH, HEIGHT, *parts, label=label)


def _steps(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What the front attains, from one member to the next: the better value across is given up before the other one
    is gained.
    """
    line = [spots[0]]
    for (_, before), (cx, cy) in pairwise(spots):
        line += [(cx, before), (cx, cy)]
    return line


def _range(
    several: Objectives, trials: Sequence[Point], front: Sequence[FrontMember], place: int
) -> tuple[float, float]:
    """Holds the front and all but the worst trials."""
    values = sorted((v[place] for _, v in trials), reverse=several.directions[place] == "maximize")
    followed = values[: max(1, round((1.0 - OUTLIERS) * len(values)))]
    return padded([*followed, *(member.values[place] for member in front)])


def _kept(axis: Axis, value: float) -> float:
    return min(max(value, axis.low), axis.high)


def _axis_name(several: Objectives, place: int) -> str:
    better = "smaller" if several.directions[place] == "minimize" else "larger"
    return f"{several.names[place]} ({better} is better)"
