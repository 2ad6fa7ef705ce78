"""Claims: a statement about one parameter in a form that every later trial can support or contradict.

A claim says what a move of one parameter does to the metric. It is tested on every edge of the trees along which that
parameter alone moved in the claimed way: the effect is the difference of the two configurations' means, and it counts
when it exceeds 1.96 standard errors, the standard error being that of a difference of means under the pooled noise of
single runs. A configuration that only failed is worse than any that scored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hydra_llm.search.sample import NORMAL
from hydra_llm.search.space.dimension import Categorical
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.tree import Node, Tree

Move = Literal["up", "down", "to"]
Effect = Literal["better", "worse", "none"]
MOVES, EFFECTS = get_args(Move), get_args(Effect)


@dataclass(frozen=True)
class Claim:
    """Moving `key` up, down, or `to` a value makes the metric better, worse, or neither.

    `low` and `high` bound the value that is moved to (both ends included, None: unbounded); `value` belongs to "to".
    """

    key: str
    move: Move
    effect: Effect
    low: float | None = None
    high: float | None = None
    value: Any = None

    def __str__(self) -> str:
        if self.move == "to":
            moved = f"{self.key} to {self.value}"
        else:
            bounds = [f"from {self.low:.4g}" if self.low is not None else ""]
            bounds.append(f"up to {self.high:.4g}" if self.high is not None else "")
            where = " ".join(part for part in bounds if part)
            moved = f"{self.key} {self.move}" + (f" (values {where})" if where else "")
        return f"{moved}: {self.effect if self.effect != 'none' else 'no effect'}"

    def covers(self, old: Any, new: Any) -> bool:
        """Whether a move of the key from `old` to `new` is one that the claim speaks of."""
        if self.move == "to":
            return bool(new == self.value)
        if not (_is_number(old) and _is_number(new)) or (new > old) != (self.move == "up"):
            return False
        return (self.low is None or new >= self.low) and (self.high is None or new <= self.high)


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


def claim_problem(claim: Claim, space: Space) -> str | None:
    """Why a claim cannot be tested in this space, as a sentence; None if it can."""
    if claim.key not in space:
        return f"the claim is about {claim.key[:80]}, which is no parameter of the search space."
    dimension = space[claim.key]
    numeric = not isinstance(dimension, Categorical) or all(_is_number(choice) for choice in dimension.choices)
    if claim.move == "to":
        problems = space.validate({claim.key: claim.value})
        return f"the claim's value: {' '.join(problems)}" if problems else None
    if not numeric:
        return f"{claim.key} has no order, so it does not move {claim.move}. Use the move `to` with a value."
    return None


def probes(claim: Claim, trees: Mapping[int, Tree]) -> list[ClaimTest]:
    """Every edge of the trees that the claim speaks of, block by block in order of creation."""
    found = []
    for block, tree in trees.items():
        for parent, child in edges(tree, claim.key):
            if claim.covers(parent.values.get(claim.key), child.values.get(claim.key)):
                test = _test(claim.effect, parent, child, block, tree.noise_floor)
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


def derived(numbers: Iterable[int], trees: Mapping[int, Tree]) -> Claim | None:
    """The claim that a set of trials shows by itself: all moved one and the same parameter the same way, with effects
    of one sign. Its range is the range of values that they moved to, so nothing is claimed beyond it.
    """
    moves: list[tuple[str, Any, Any, int]] = []
    for number in numbers:
        tree = next((tree for tree in trees.values() if number in tree), None)
        node = None if tree is None else tree.node(number)
        parent = None if tree is None or node is None else tree.parent(node)
        if tree is None or node is None or parent is None:
            continue
        names = tree.space.changed(parent.values, node.values)
        sign = _sign(parent, node)
        if len(names) != 1 or sign is None:
            return None
        moves.append((names[0], parent.values.get(names[0]), node.values.get(names[0]), sign))
    if not moves or len({(key, sign) for key, _, _, sign in moves}) != 1:
        return None
    key, _, first, sign = moves[0]
    effect: Effect = "better" if sign > 0 else "worse" if sign < 0 else "none"
    news = [new for _, _, new, _ in moves]
    if len(set(map(str, news))) == 1:
        return Claim(key, "to", effect, value=first)
    if not all(_is_number(old) and _is_number(new) for _, old, new, _ in moves):
        return None
    ups = {new > old for _, old, new, _ in moves}
    if len(ups) != 1:
        return None
    return Claim(key, "up" if ups.pop() else "down", effect, low=float(min(news)), high=float(max(news)))


def compare(parent: Node, child: Node, floor: float) -> tuple[float | None, float]:
    """Effect of a move as a difference of scores (None where a side never scored), and its standard error."""
    if parent.mean is None or child.mean is None:
        return None, 0.0
    return child.mean - parent.mean, floor * math.sqrt(1 / len(parent.scores) + 1 / len(child.scores))


def _test(effect: Effect, parent: Node, child: Node, block: int, floor: float) -> ClaimTest | None:
    if child.runs == 0 or parent.mean is None:
        return None
    runs = tuple(child.trials)
    gain, error = compare(parent, child, floor)
    if gain is None:  # it only failed
        return ClaimTest(runs, block, +1 if effect == "worse" else -1)
    moved = 0 if abs(gain) <= NORMAL * error else 1 if gain > 0 else -1
    if effect == "none":
        verdict = +1 if moved == 0 else -1
    else:
        verdict = moved if effect == "better" else -moved
    return ClaimTest(runs, block, verdict, gain, error)


def _sign(parent: Node, child: Node) -> int | None:
    if parent.mean is None or child.runs == 0:
        return None
    if child.mean is None:
        return -1
    return (child.mean > parent.mean) - (child.mean < parent.mean)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
