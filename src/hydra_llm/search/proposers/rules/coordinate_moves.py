"""One-parameter moves from a node, in the order in which they are worth trying.

Each candidate moves one parameter by about a quarter, an eighth, a sixteenth or half of its range. Its promise adds up
what the same kind of move (same parameter, same direction, ending nearby) gave elsewhere in the tree, how seldom it and
its parameter were tried, and the direction that the scores so far favour. A move that was a success is repeated in its
direction before anything else (momentum). Configurations that were launched, or taken by another slot, are skipped.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydra_llm.search.context import Context
from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, canonical_number
from hydra_llm.search.statistics import history
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.seeds import SEED_LIMIT, derive

STEPS = (0.25, 0.125, 0.0625, 0.5)  # shares of a parameter's range (of its decades, on a log scale)
JITTER = 0.25  # of a step
MIN_POINTS_FOR_TREND = 4
WINDOW = 64  # latest configurations that evidence is read from: keeps one decision cheap in long sweeps
NEARBY = 0.125  # two moves end at the same place within this share of the range
CLIPPED = 0.5  # a move that the range cuts to less than this share of its step is no such move

# weights of a move's promise: evidence in [-1, 1], novelty of move and parameter in [0, 1], trend in {-1, 0, 1}
EVIDENCE, NEW_MOVE, NEW_PARAMETER, TREND, LATER_STEP = 0.6, 0.4, 0.4, 0.1, 0.05


@dataclass(frozen=True)
class _Past:
    """A mutation that was scored: which way, to where, and the gain beyond the noise, on the scale of
    tree/recordings.py.
    """

    direction: int
    end: Any
    gain: float


class CoordinateMoves:
    """The moves of one decision: evidence is gathered once, then asked for node after node."""

    def __init__(self, context: Context, rng: np.random.Generator) -> None:
        self._context = context
        self._rng = rng
        self._free = context.space.free()
        self._past = _past_moves(context)
        self._scale = max((abs(m.gain) for moves in self._past.values() for m in moves), default=0.0) or 1.0
        self._records = history.dimension_records(context)
        self._trends = {dimension.name: trend(context, dimension) for dimension in self._free}

    def new_from(
        self, node: Node, taken: Collection[str] = (), only: Collection[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """New configurations that differ from the node's in one parameter; `only` restricts which."""
        dimensions = [d for d in self._free if d.name in node.values and (only is None or d.name in only)]
        for values in _momentum(self._context, node, dimensions):
            if self._is_new(self._context.space.key_of_canonical(values), values, taken):
                yield values
        if node.id in self._context.tree.exhausted:
            return  # what ran stays in the tree, so this holds for good
        untried = list(self._untried(node, dimensions))
        if not untried and only is None:
            self._context.tree.exhausted.add(node.id)
        scored = []
        for dimension, rank, value, key in untried:
            promise = self._promise(dimension, node.values[dimension.name], value) - LATER_STEP * rank
            scored.append((-promise, self._rng.random(), {**node.values, dimension.name: value}, key))
        for _, _, values, key in sorted(scored, key=lambda item: item[:2]):
            if self._is_new(key, values, taken):
                yield values

    def _untried(self, node: Node, dimensions: list[Dimension]) -> Iterator[tuple[Dimension, int, Any, str]]:
        """(dimension, rank of the step, value, key) of the moves whose configuration is not in the tree."""
        for dimension in dimensions:
            here = node.values[dimension.name]
            for rank, share in enumerate(STEPS):
                step = share * self._jitter(node, dimension, rank)
                for value in dimension.neighbours(here, step):
                    if not _is_clipped(dimension, here, value, step):
                        key = self._context.space.key_of_canonical({**node.values, dimension.name: value})
                        if not self._context.tree.has_key(key):
                            yield dimension, rank, value, key

    def _jitter(self, node: Node, dimension: Dimension, rank: int) -> float:
        """Between 1 - JITTER and 1 + JITTER, the same for a step of a node whenever it is asked for: with equal steps
        everything that is ever tried would stand on one lattice.
        """
        if isinstance(dimension, Categorical):
            return 1.0
        draw = derive(self._context.seed, "step", node.id, dimension.name, rank) / SEED_LIMIT
        return 1.0 + JITTER * (2.0 * draw - 1.0)

    def _is_new(self, key: str, values: dict[str, Any], taken: Collection[str]) -> bool:
        return (
            key not in taken and not self._context.tree.has_key(key) and self._context.space.violation(values) is None
        )

    def _promise(self, dimension: Dimension, here: Any, value: Any) -> float:
        direction = _direction(dimension, here, value)
        alike = [
            move.gain
            for move in self._past.get(dimension.name, ())
            if move.direction == direction and dimension.distance(move.end, value) <= NEARBY
        ]
        evidence = sum(alike) / len(alike) / self._scale if alike else 0.0
        novelty = NEW_MOVE / (1 + len(alike)) + NEW_PARAMETER / (1 + self._records[dimension.name].tried)
        return EVIDENCE * evidence + novelty + TREND * direction * self._trends[dimension.name]


def by_promise(context: Context, dimensions: list[Dimension], rng: np.random.Generator) -> list[Dimension]:
    """Parameters that were moved least first, those with the larger gains first among them."""
    records = history.dimension_records(context)
    noise = {d.name: rng.random() for d in dimensions}  # breaks ties without favouring the declared order
    return sorted(dimensions, key=lambda d: (records[d.name].tried, -records[d.name].best_gain, noise[d.name]))


def trend(context: Context, dimension: Dimension) -> int:
    """+1 if higher values scored better so far, -1 if lower ones did, 0 if nothing can be said."""
    if not _has_direction(dimension):
        return 0
    nodes = [n for n in context.tree.latest_scored(WINDOW) if dimension.name in n.values]
    x = np.array([_position(dimension, node.values[dimension.name]) for node in nodes])
    if len(nodes) < MIN_POINTS_FOR_TREND or np.ptp(x) == 0:
        return 0
    ranks = np.argsort(np.argsort([node.mean or 0.0 for node in nodes]))
    return int(np.sign(round(float(np.corrcoef(x, ranks)[0, 1]), 6)))


def _past_moves(context: Context) -> dict[str, list[_Past]]:
    """Scored mutations of one parameter among the latest configurations, by parameter."""
    found: dict[str, list[_Past]] = {}
    floor = context.recordings.noise_floor
    for node in context.tree.latest_scored(WINDOW):
        parent, gain = context.tree.parent(node), history.gain(context, node)
        if parent is None or gain is None:
            continue
        names = context.space.changed(parent.values, node.values)
        if len(names) == 1 and names[0] in parent.values and names[0] in node.values:
            dimension = context.space[names[0]]
            old, new = parent.values[names[0]], node.values[names[0]]
            beyond = math.copysign(max(0.0, abs(gain) - floor), gain)  # within the noise proves nothing
            found.setdefault(names[0], []).append(_Past(_direction(dimension, old, new), new, beyond))
    return found


def _direction(dimension: Dimension, old: Any, new: Any) -> int:
    if not _has_direction(dimension):
        return 0
    return 1 if _position(dimension, new) >= _position(dimension, old) else -1


def _has_direction(dimension: Dimension) -> bool:
    return not isinstance(dimension, Categorical) or dimension.ordered


def _position(dimension: Dimension, value: Any) -> float:
    """Where a value lies in its range, from 0 to 1."""
    if isinstance(dimension, Categorical):
        return (dimension.index(value) or 0) / max(1, len(dimension.choices) - 1)
    assert isinstance(dimension, Float | Integer)
    number = canonical_number(value)
    return 0.5 if number is None else dimension.to_unit(number)


def _is_clipped(dimension: Dimension, old: Any, new: Any, step: float) -> bool:
    if isinstance(dimension, Categorical) or step <= (1 + JITTER) * min(STEPS):
        return False
    return dimension.distance(old, new) < CLIPPED * step


def _momentum(context: Context, node: Node, dimensions: list[Dimension]) -> Iterator[dict[str, Any]]:
    """The move that led to this node once more, if it was the only change, gained, and the kind has directions."""
    parent, gain = context.tree.parent(node), history.gain(context, node)
    if parent is None or gain is None or gain <= context.recordings.noise_floor:
        return
    names = context.space.changed(parent.values, node.values)
    for dimension in dimensions:
        if list(names) != [dimension.name] or not _has_direction(dimension):
            continue
        old, here = parent.values.get(dimension.name), node.values[dimension.name]
        step = dimension.distance(old, here)
        for value in dimension.neighbours(here, step) if step else ():
            if dimension.distance(old, value) > (1 + CLIPPED) * step:
                yield {**node.values, dimension.name: value}
