"""Claims: a statement about one parameter in a form that every later trial can support or contradict.

A claim says what a move of one parameter does to the metric, where its conditions hold. It is tested on every edge of
the trees along which that parameter alone moved in the claimed way, by the paired difference on the recordings that
both ends ran on, on the scale of tree/recordings.py. The difference counts when it exceeds 1.96 standard errors: those
of paired differences among the best; while no pair shares two recordings, those of a difference of means under the
pooled noise of single runs. "None" is supported only by an interval inside the effect that the claim calls none. A
configuration that only failed is worse than any that scored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hydra_llm.search.sample import NORMAL
from hydra_llm.search.space.dimension import Categorical
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree

Move = Literal["up", "down", "to"]
Effect = Literal["better", "worse", "none"]
MOVES, EFFECTS = get_args(Move), get_args(Effect)


@dataclass(frozen=True)
class Claim:
    """Moving `key` up, down, or `to` a value makes the metric better, worse, or neither.

    `low` and `high` bound the value that is moved from (both ends included, None: unbounded); `value` belongs to "to".
    `when` holds (key, value) of parameters that both ends must have; `within`, for the effect "none", is the size that
    would still be none, in the metric's unit.
    """

    key: str
    move: Move
    effect: Effect
    low: float | None = None
    high: float | None = None
    value: Any = None
    when: tuple[tuple[str, Any], ...] = ()
    within: float | None = None

    def __str__(self) -> str:
        if self.move == "to":
            moved = f"{self.key} to {self.value}"
        else:
            bounds = [f"from {self.low:.4g} or above" if self.low is not None else ""]
            bounds.append(f"from {self.high:.4g} or below" if self.high is not None else "")
            moved = " ".join([self.key, self.move, *(part for part in bounds if part)])
        if self.when:
            moved += " when " + ", ".join(f"{key}={value}" for key, value in self.when)
        none = "no effect" if self.within is None else f"no effect beyond {self.within:.4g}"
        return f"{moved}: {self.effect if self.effect != 'none' else none}"

    def covers(self, old: Any, new: Any) -> bool:
        """Whether a move of the key from `old` to `new` is one that the claim speaks of."""
        if self.move == "to":
            return bool(new == self.value)
        if not (_is_number(old) and _is_number(new)) or (new > old) != (self.move == "up"):
            return False
        return (self.low is None or old >= self.low) and (self.high is None or old <= self.high)

    def is_about(self, parent: Node, child: Node) -> bool:
        """Whether both ends of an edge meet the conditions."""
        return all(node.values.get(key) == value for node in (parent, child) for key, value in self.when)


@dataclass(frozen=True)
class ClaimTest:
    """One configuration that speaks for a claim (+1), against it (-1), or is within the noise (0).

    `trials` are its finished runs, `effect` the difference of scores (None where a side has none), `block` its tree.
    """

    trials: tuple[int, ...]
    block: int
    verdict: int
    effect: float | None = None
    error: float = 0.0  # standard error of the effect
    on_scale: float | None = None  # the effect on the scale of tree/recordings.py
    error_on_scale: float = 0.0


@dataclass(frozen=True)
class NodeDifference:
    """Of scores and of scaled scores, with standard errors. Whether chance explains it is asked on the scale."""

    mean: float
    error: float
    on_scale: float
    error_on_scale: float

    @property
    def sign(self) -> int:
        """0 where chance explains it."""
        return _sign(self.on_scale) if abs(self.on_scale) > NORMAL * self.error_on_scale else 0


def claim_problem(claim: Claim, space: Space) -> str | None:
    """Why a claim cannot be tested in this space, as a sentence; None if it can."""
    if claim.key not in space:
        return f"the claim is about {claim.key[:80]}, which is no parameter of the search space."
    dimension = space[claim.key]
    for key, value in claim.when:
        problems = (
            [f"{key[:80]} is no parameter of the search space."] if key not in space else space.validate({key: value})
        )
        if problems or key == claim.key:
            return f"the condition on {key[:80]}: {' '.join(problems) or 'it is the parameter that moves.'}"
    numeric = not isinstance(dimension, Categorical) or all(_is_number(choice) for choice in dimension.choices)
    if claim.move == "to":
        problems = space.validate({claim.key: claim.value})
        return f"the claim's value: {' '.join(problems)}" if problems else None
    if not numeric:
        return f"{claim.key} has no order, so it does not move {claim.move}. Use the move `to` with a value."
    return None


def probes(claim: Claim, blocks: Mapping[int, Recordings]) -> list[ClaimTest]:
    """Every edge of the trees that the claim speaks of, block by block in order of creation."""
    found = []
    for block, records in blocks.items():
        for parent, child in edges(records.tree, claim.key):
            moved = claim.covers(parent.values.get(claim.key), child.values.get(claim.key))
            if moved and claim.is_about(parent, child):
                test = _test(claim, records, parent, child, block)
                if test is not None:
                    found.append(test)
    return found


def edges(tree: Tree, key: str) -> Iterator[tuple[Node, Node]]:
    """(parent, child) wherever this parameter alone was moved."""
    for node in tree.nodes:
        parent = tree.parent(node)
        if parent is None or parent.values.get(key) == node.values.get(key):
            continue
        if tree.space.changed(parent.values, node.values) == (key,):
            yield parent, node


def _test(claim: Claim, records: Recordings, parent: Node, child: Node, block: int) -> ClaimTest | None:
    if child.runs == 0 or parent.mean is None:
        return None
    runs = tuple(child.trials)
    if child.mean is None:  # it only failed
        return ClaimTest(runs, block, +1 if claim.effect == "worse" else -1)
    found = _difference(records, parent, child)
    return ClaimTest(runs, block, _verdict(claim, found), found.mean, found.error, found.on_scale, found.error_on_scale)


def _verdict(claim: Claim, found: NodeDifference) -> int:
    if claim.effect != "none":
        return found.sign if claim.effect == "better" else -found.sign
    size, reach = abs(found.mean), NORMAL * found.error
    if found.sign and (claim.within is None or size - reach > claim.within):
        return -1
    return +1 if claim.within is not None and size + reach <= claim.within else 0


def _difference(records: Recordings, parent: Node, child: Node) -> NodeDifference:
    pair, noise, spread = records.pair(child, parent), records.pair_noise, records.paired
    if pair is not None and noise is not None and spread is not None:
        count = math.sqrt(len(pair.recordings))
        errors = spread.sd / count, noise.sd / count
    else:
        per_run = math.sqrt(1 / len(parent.scores) + 1 / len(child.scores))
        errors = records.tree.noise_floor * per_run, records.noise_floor * per_run
    if records.has_ceiling:  # the noise in the metric's unit is that of a run as good as the better of the two
        shared = None if pair is None else pair.recordings
        errors = records.reach(max(_mean(records, node, shared) for node in (parent, child)), errors[1]), errors[1]
    if pair is not None:
        return NodeDifference(pair.mean, errors[0], pair.mean_on_scale, errors[1])
    mean = (child.mean or 0.0) - (parent.mean or 0.0)
    return NodeDifference(mean, errors[0], records.scaled_mean(child) - records.scaled_mean(parent), errors[1])


def _mean(records: Recordings, node: Node, shared: Sequence[int] | None) -> float:
    """Of the scores of a node, or of those on the recordings that are shared."""
    if shared is None:
        return node.mean or 0.0
    return sum(records.score(node, recording) or 0.0 for recording in shared) / len(shared)


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
