"""Coded sources of the hybrid proposer: small steps, crossover, ablation, rerun.

Each returns a configuration that neither ran nor is claimed, with the node that it derives from, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.rules.replicate import ENOUGH_RUNS
from hydra_llm.search.space.positions import is_ordered, position, value_at
from hydra_llm.search.statistics.replication import is_retired
from hydra_llm.search.tree.tree import Node

PARENTS = 3  # nodes that small steps start from
GOOD = 6  # nodes that are crossed
STEP = 0.1  # standard deviation of a small step, as a share of the range
ATTEMPTS = 32


@dataclass(frozen=True)
class Child:
    parent: Node
    values: dict[str, Any]
    note: str


Operator = Callable[[Context, Collection[str], np.random.Generator], Child | None]


def perturb(context: Context, taken: Collection[str], rng: np.random.Generator) -> Child | None:
    """One of the best nodes with a few parameters moved a little, one of them at least."""
    parents = context.tree.top(PARENTS)
    free = context.space.free()
    for _ in range(ATTEMPTS if parents and free else 0):
        node = parents[int(rng.integers(len(parents)))]
        moved = rng.random(len(free)) < 1 / len(free)
        moved[int(rng.integers(len(free)))] = True
        values = dict(node.values)
        for dimension, moves in zip(free, moved, strict=True):
            if not moves or dimension.name not in values:
                continue
            here = position(dimension, values[dimension.name])
            if is_ordered(dimension) and np.isfinite(here):
                values[dimension.name] = value_at(dimension, here + STEP * rng.standard_normal())
            else:
                values[dimension.name] = dimension.sample(rng)
        if child := _new(context, node, values, taken, f"small steps from node {node.id}"):
            return child
    return None


def crossover(context: Context, taken: Collection[str], rng: np.random.Generator) -> Child | None:
    """Two good nodes: each parameter in which they differ comes from either, by a coin."""
    good = context.tree.top(GOOD)
    for _ in range(ATTEMPTS if len(good) > 1 else 0):
        first, second = sorted(rng.choice(len(good), size=2, replace=False))
        better, other = good[first], good[second]
        values = dict(better.values)
        for name in context.space.changed(better.values, other.values):
            if name in other.values and rng.random() < 0.5:
                values[name] = other.values[name]
        if child := _new(context, better, values, taken, f"crossed with node {other.id}"):
            return child
    return None


def ablate(context: Context, taken: Collection[str], rng: np.random.Generator) -> Child | None:
    """The incumbent with one of its changes taken back to the baseline: which of them does the work?"""
    best, root = context.tree.best(), context.tree.root
    if best is None or root is None or best is root:
        return None
    names = [n for n in context.space.changed(root.values, best.values) if n in root.values and n in best.values]
    for index in rng.permutation(len(names)) if len(names) > 1 else ():
        name = names[int(index)]
        if child := _new(
            context, best, {**best.values, name: root.values[name]}, taken, f"node {best.id} without its {name}"
        ):
            return child
    return None


def replicate(context: Context, taken: Collection[str], rng: np.random.Generator) -> Child | None:
    """One of the best nodes once more on fresh seeds, the one with the fewest runs first."""
    if not context.seed_keys:
        return None
    nodes = [
        node
        for node in context.tree.top(PARENTS)
        if node.runs + node.pending < ENOUGH_RUNS or not (node.pending or is_retired(context, node))
    ]
    node = min(nodes, key=lambda n: (n.runs + n.pending, n.index), default=None)
    return None if node is None else Child(node, node.values, f"rerun of node {node.id}")


def _new(context: Context, parent: Node, values: dict[str, Any], taken: Collection[str], note: str) -> Child | None:
    space = context.space
    if space.validate(values):
        return None
    whole = space.canonical(values)
    key = space.key_of_canonical(whole)
    fresh = key not in taken and not context.tree.has_key(key) and space.violation(whole) is None
    return Child(parent, whole, note) if fresh else None


OPERATORS: dict[str, Operator] = {
    "perturb": perturb,
    "crossover": crossover,
    "ablate": ablate,
    "replicate": replicate,
}
