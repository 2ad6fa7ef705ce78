"""Best so far: every result in the order in which it came, the best mean at that time, and the band of noise."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from hydra_llm.report.effect import score_name, spread_of
from hydra_llm.report.svg import WIDEST, Axis, chart, el, padded, path, short, x_axis, y_axis
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.tree.reward import PAIRED, POSTERIOR
from hydra_llm.search.tree.tree import Tree

WIDTH, HEIGHT = WIDEST, 334.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, WIDEST - 20.0, 46.0, 290.0
NAMED = 10  # blocks whose names have room; more have their numbers
CROWDED = 400  # results from which dots are small
OUTLIERS = 0.05  # share of results below which the axis does not follow the worst ones


@dataclass(frozen=True)
class Step:
    """After `step` results of the whole sweep: the best mean of the block so far, in scores; `noise` is the standard
    deviation of a single run in this block, None where nothing was repeated.
    """

    step: int
    block: int
    best: float
    noise: float | None


def steps(sweep: Sweep, when: Timeline) -> list[Step]:
    """The incumbent is the configuration with the best mean at that time, so the curve may fall when a rerun shows
    that it was luck. Each block starts anew, since another regime is another question.
    """
    state, found = sweep.state, []
    reward = "mean" if state.reward in (POSTERIOR, PAIRED) else state.reward  # a fit for each step would take minutes
    trees = {index: Tree(state.space, state.objective, reward=reward) for index in state.trees}
    for step, number in enumerate(when.order, start=1):
        trial = state.trials[number]
        tree = trees[trial.block]
        tree.add(trial)
        best = tree.best()
        if best is not None and best.mean is not None:
            found.append(Step(step, trial.block, best.mean, spread_of(state.trees[trial.block])))
    return found


def drawing(sweep: Sweep, when: Timeline) -> Markup | None:
    """None while there is no value."""
    objective, state = sweep.settings.objective, sweep.state
    curve = steps(sweep, when)
    if not curve:
        return None
    results = [(step, state.trials[n]) for step, n in enumerate(when.order, start=1)]
    values = sorted(objective.score(t.value) for _, t in results if t.value is not None)
    worst = values[int(OUTLIERS * len(values))]
    low, high = padded([worst, *[s.best for s in curve], *[s.best + (s.noise or 0.0) for s in curve]])
    # objective.value_of_score keeps the order or turns it, so pixels are placed by score and numbers read as values
    signed = objective.direction == "maximize"
    y = Axis(low, high, BOTTOM, TOP) if signed else Axis(-high, -low, TOP, BOTTOM)
    to = (lambda score: y(score)) if signed else (lambda score: y(-score))
    x = Axis(0, max(1, when.steps), LEFT, RIGHT)
    parts = [*y_axis(y, LEFT, RIGHT, score_name(objective), above=28), *x_axis(x, BOTTOM, "results")]
    for index, step in when.blocks.items():
        if index > 1:
            parts.append(el("line", x1=x(step), x2=x(step), y1=TOP - 8, y2=BOTTOM, class_="separator"))
        name = f"block {index}" if len(when.blocks) <= NAMED else str(index)
        parts.append(el("text", name, x=x(step) + 6, y=TOP - 6, class_="tick"))
    bands, lines = [], []
    for index in state.trees:
        own = [s for s in curve if s.block == index]
        band, line = _lines(own, x, to, max((s.step for s in own), default=0))
        bands += band
        lines += line
    parts += bands
    radius = 3.4 if len(results) <= CROWDED else 1.8
    for step, trial in results:
        label = (
            f"trial {trial.number}: {short(trial.value)}"
            if trial.value is not None
            else f"trial {trial.number}: {trial.state.value}"
        )
        score = None if trial.value is None else objective.score(trial.value)
        below = score is None or score < low
        cy = BOTTOM - 5 if score is None else to(max(low, score))
        kind = "bad" if score is None else "low" if below else ""
        mark = el(
            "circle", el("title", label), cx=x(step), cy=cy, r=radius, class_=f"dot {kind}", data_trial=trial.number
        )
        parts.append(mark)
    parts += lines  # above the dots, of which there may be thousands
    parts.append(
        el("line", x1=x(when.steps), x2=x(when.steps), y1=TOP - 8, y2=BOTTOM, id="playhead", class_="playhead")
    )
    return chart(
        WIDTH,
        HEIGHT,
        *parts,
        label=f"Best {objective.name} so far over {when.steps} results",
        id="curve",
        data_left=LEFT,
        data_right=RIGHT,
    )


def _lines(own: list[Step], x: Axis, to, until: int) -> tuple[list[Markup], list[Markup]]:
    """The band of noise, one standard deviation of a single run, and the staircase through the best means inside it."""
    if not own:
        return [], []
    line: list[tuple[float, float]] = []
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for here, after in zip(own, [*own[1:], None], strict=True):
        stop = until if after is None else after.step
        for at in (here.step, stop):
            line.append((x(at), to(here.best)))
            if here.noise is not None:
                upper.append((x(at), to(here.best + here.noise)))
                lower.append((x(at), to(here.best - here.noise)))
    band = [el("path", d=path([*upper, *reversed(lower)]) + "Z", class_="band")] if upper else []
    return band, [el("path", d=path(line), class_="line")]
