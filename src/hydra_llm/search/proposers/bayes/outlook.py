"""Regions of the space where the process sees little to hope for: nothing in them is likely to beat the leader."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.bayes import pool
from hydra_llm.search.space.dimension import Dimension
from hydra_llm.search.space.positions import value_at
from hydra_llm.search.surrogate.belief import Belief
from hydra_llm.search.surrogate.encoding import Rows
from hydra_llm.search.surrogate.threads import one_thread

POINTS = 512
LIKELY = 2.0  # standard deviations above the mean that are hoped for
PARTS = 4  # of the range of an ordered parameter
FEW = 4  # points of a region below which nothing is said of it

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """Of one parameter: its values in words, and the best [metric's unit] that may be hoped for there."""

    name: str
    where: str
    at_best: float

    def __str__(self) -> str:
        return f"{self.name} {self.where} (at best {value_text(self.at_best)})"


def hopeless(context: Context) -> list[Region]:
    """Regions whose every point looked at lies, two standard deviations above its mean, below the leader's mean. The
    points are spread over the space, and moves of single parameters from the leading nodes.
    """
    with one_thread():
        belief = context.tree.belief
        nodes = context.tree.scored()
        if belief is None or not nodes:
            return []
        encoding = belief.encoding
        own = context.tree.node_rows(belief)[[node.index for node in nodes]]
        mean = belief.process.mean(encoding.features(own))
        leaders = pool.Leaders(encoding, own[np.argsort(-mean, kind="stable")], np.random.default_rng(0))
        points = encoding.snap(np.concatenate([pool.sobol(encoding, POINTS, leaders.rng), pool.single(leaders), own]))
        centre, sd = belief.of(points)
        hoped, bar = centre + LIKELY * sd, float(mean.max())
    found = []
    for index, dimension in enumerate(encoding.dimensions):
        found += _of_parameter(context, belief, dimension, points[:, index], hoped, bar)
    return found


def _of_parameter(
    context: Context, belief: Belief, dimension: Dimension, column: Array, hoped: Array, bar: float
) -> list[Region]:
    parts = _parts(belief, dimension, column)
    inside = [(column >= low) & (column <= high) for low, high, _ in parts]
    dead = [int(rows.sum()) >= FEW and float(hoped[rows].max()) < bar for rows in inside]
    if all(dead):  # then the leader itself would lie in one
        return []
    found: list[Region] = []
    for place, is_dead in enumerate(dead):
        if is_dead and (place == 0 or not dead[place - 1] or not parts[place][2]):
            last = place
            while parts[place][2] and last + 1 < len(parts) and dead[last + 1]:
                last += 1
            rows = (column >= parts[place][0]) & (column <= parts[last][1])
            at_best = float(belief.warp.inverse(np.array([hoped[rows].max()]))[0])
            where = _words(dimension, parts, place, last)
            found.append(Region(dimension.name, where, context.objective.value_of_score(at_best)))
    return found


def _parts(belief: Belief, dimension: Dimension, column: Rows) -> list[tuple[float, float, bool]]:
    """(lowest, highest position, whether neighbours may be joined): quarters of a range, or each choice."""
    index = [one.name for one in belief.encoding.dimensions].index(dimension.name)
    if not belief.encoding.ordered[index]:
        return [(float(value), float(value), False) for value in np.unique(column[~np.isnan(column)])]
    size = belief.encoding.sizes[index]
    if size <= PARTS:
        return [(float(value), float(value), True) for value in np.unique(column[~np.isnan(column)])]
    return [(part / PARTS, (part + 1) / PARTS, True) for part in range(PARTS)]


def _words(dimension: Dimension, parts: list[tuple[float, float, bool]], first: int, last: int) -> str:
    low, high, joins = parts[first][0], parts[last][1], parts[first][2]
    if not joins:
        return f"= {value_text(dimension.choices[int(low)])}"  # type: ignore[attr-defined]  # unordered: a choice
    if low == high:
        return f"= {value_text(value_at(dimension, low))}"
    if first == 0:
        return f"up to {value_text(value_at(dimension, high))}"
    if last == len(parts) - 1:
        return f"from {value_text(value_at(dimension, low))} on"
    return f"from {value_text(value_at(dimension, low))} to {value_text(value_at(dimension, high))}"
