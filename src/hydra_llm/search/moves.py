"""One-parameter moves from a node, in the order in which they are worth trying.

Parameters that helped before and parameters never moved come first; within one, the direction that the scores so far
favour; first a quarter of the range, then an eighth, a sixteenth, and half. A move that was a success is repeated in
its direction before anything else (momentum). Configurations that were launched, or taken by another slot, are skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from hydra_llm.search import history
from hydra_llm.search.dimension import Categorical, Dimension
from hydra_llm.search.proposers.base import Context
from hydra_llm.search.tree import Node

STEPS = (0.25, 0.125, 0.0625, 0.5)  # shares of a parameter's range (of its decades, on a log scale)
MIN_POINTS_FOR_TREND = 4
GAIN_WEIGHT = 0.5  # against 1 / (1 + times tried)
REGRESSION_WINDOW = 64  # latest scored nodes that a trend is read from: keeps one decision cheap in long sweeps


def one_parameter_moves(
    context: Context,
    node: Node,
    rng: np.random.Generator,
    taken: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """New configurations that differ from the node's in one parameter; `only` restricts which."""
    for values in _raw_moves(context, node, rng, only):
        key = context.space.key(values)
        if key not in taken and context.tree.find(values) is None:
            yield values


def _raw_moves(
    context: Context, node: Node, rng: np.random.Generator, only: Collection[str] | None
) -> Iterator[dict[str, Any]]:
    dimensions = [d for d in context.space.free() if d.name in node.values and (only is None or d.name in only)]
    yield from _momentum(context, node, dimensions)
    ordered = by_promise(context, dimensions, rng)
    trends = {d.name: trend(context, d) or (1 if rng.random() < 0.5 else -1) for d in ordered}
    for step in STEPS:
        for dimension in ordered:
            for value in _directed(dimension, node.values[dimension.name], step, trends[dimension.name], rng):
                yield {**node.values, dimension.name: value}


def by_promise(context: Context, dimensions: list[Dimension], rng: np.random.Generator) -> list[Dimension]:
    """Parameters that gave the largest gain or were tried least, first."""
    records = history.dimension_records(context)
    largest = max((records[d.name].best_gain for d in dimensions), default=0.0)

    def promise(dimension: Dimension) -> float:
        record = records[dimension.name]
        share = record.best_gain / largest if largest > 0 else 0.0
        return GAIN_WEIGHT * share + 1.0 / (1 + record.tried)

    noise = {d.name: rng.random() for d in dimensions}  # breaks ties without favouring the declared order
    return sorted(dimensions, key=lambda d: (-promise(d), noise[d.name]))


def trend(context: Context, dimension: Dimension) -> int:
    """+1 if higher values scored better so far, -1 if lower ones did, 0 if nothing can be said."""
    if isinstance(dimension, Categorical) and not dimension.ordered:
        return 0
    nodes = [n for n in context.tree.scored()[-REGRESSION_WINDOW:] if dimension.name in n.values]
    lowest = dimension.choices[0] if isinstance(dimension, Categorical) else dimension.from_unit(0.0)  # type: ignore
    x = np.array([dimension.distance(lowest, node.values[dimension.name]) for node in nodes])
    if len(nodes) < MIN_POINTS_FOR_TREND or np.ptp(x) == 0:
        return 0
    ranks = np.argsort(np.argsort([node.mean or 0.0 for node in nodes]))
    return int(np.sign(round(float(np.corrcoef(x, ranks)[0, 1]), 6)) if np.ptp(ranks) > 0 else 0)


def _directed(dimension: Dimension, value: Any, step: float, direction: int, rng: np.random.Generator) -> list[Any]:
    found = dimension.neighbours(value, step)  # lower one first, for ordered kinds
    if isinstance(dimension, Categorical) and not dimension.ordered:
        return [found[i] for i in rng.permutation(len(found))]
    return found[::-1] if direction > 0 else found


def _momentum(context: Context, node: Node, dimensions: list[Dimension]) -> Iterator[dict[str, Any]]:
    """The move that led to this node once more, if it was the only change, gained, and the kind has directions."""
    parent = context.tree.parent(node)
    step_gain = history.gain(context, node)
    if parent is None or step_gain is None or step_gain <= context.noise_floor:
        return
    names = context.space.changed(parent.values, node.values)
    if len(names) != 1:
        return
    for dimension in dimensions:
        if dimension.name != names[0] or (isinstance(dimension, Categorical) and not dimension.ordered):
            continue
        old, here = parent.values.get(dimension.name), node.values[dimension.name]
        step = dimension.distance(old, here)
        if step == 0:
            continue
        onward = [v for v in dimension.neighbours(here, step) if dimension.distance(old, v) > step]
        for value in onward:
            yield {**node.values, dimension.name: value}
