"""How repeatable decisions are: the same question asked again and again, and how often the same choice comes back.

A choice has a parent, the parameters that it moves, and the direction of each move. Two rates are given for each of
these: how often a repetition agrees with the recorded decision (with Wilson's 95 % interval), and how often two of all
answers agree with each other (with a bootstrap interval over the answers). One says how typical the recorded decision
was, the other how much of the search is the model's dice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydra_llm.search.sample import wilson
from hydra_llm.search.space.dimension import Categorical, canonical_number
from hydra_llm.search.space.space import Space

DRAWS = 2_000  # of the bootstrap


@dataclass(frozen=True)
class ChosenValues:
    """What one answer chose for one slot. `moves` are (parameter, direction), sorted; `problem` says what is wrong."""

    parent: int | None
    moves: tuple[tuple[str, str], ...]
    text: str  # with the values, for people
    problem: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.moves)


ASPECTS: dict[str, Callable[[ChosenValues], Any]] = {
    "parent": lambda choice: choice.parent,
    "parameter": lambda choice: choice.parameters,
    "direction": lambda choice: choice.moves,
    "whole choice": lambda choice: (choice.parent, choice.moves),
}


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval; `share` is None where there is nothing to count."""

    share: float | None
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if self.share is None:
            return "-"
        return f"{100 * self.share:.0f} % ({100 * self.low:.0f}..{100 * self.high:.0f})"


Draws = Sequence[Mapping[int, ChosenValues]]  # per answer: slot -> choice


def agreement_with(recorded: Mapping[int, ChosenValues], draws: Draws, aspect: str) -> Rate:
    """How often a repetition chooses as the recorded answer did, over all slots that both filled."""
    pick = ASPECTS[aspect]
    hits = [pick(draw[slot]) == pick(choice) for draw in draws for slot, choice in recorded.items() if slot in draw]
    return Rate(sum(hits) / len(hits) if hits else None, *wilson(sum(hits), len(hits)), len(hits))


def agreement_among(draws: Draws, aspect: str) -> Rate:
    """How often two answers choose alike, over all pairs of answers and all slots that both filled."""
    shares = _pairwise(draws, aspect)
    if shares is None:
        return Rate(None, 0.0, 1.0, 0)
    rng = np.random.default_rng(0)
    resampled = [
        share
        for _ in range(DRAWS // len(draws))
        if (share := _pairwise_of(draws, aspect, rng.integers(len(draws), size=len(draws)))) is not None
    ]
    low, high = np.quantile(resampled, [0.025, 0.975]) if resampled else (0.0, 1.0)
    return Rate(shares, float(min(low, shares)), float(max(high, shares)), math.comb(len(draws), 2))


def _pairwise(draws: Draws, aspect: str) -> float | None:
    return _pairwise_of(draws, aspect, np.arange(len(draws)))


def _pairwise_of(draws: Draws, aspect: str, rows: Iterable[int]) -> float | None:
    """Pairs of different answers only: an answer drawn twice by the bootstrap does not agree with itself."""
    times = Counter(int(row) for row in rows)
    pick = ASPECTS[aspect]
    agreeing = pairs = 0
    for slot in sorted({slot for draw in draws for slot in draw}):
        held = [(pick(draws[row][slot]), weight) for row, weight in times.items() if slot in draws[row]]
        for first in range(len(held)):
            for second in range(first):
                weight = held[first][1] * held[second][1]
                pairs += weight
                agreeing += weight * (held[first][0] == held[second][0])
    return agreeing / pairs if pairs else None


def direction(space: Space, key: str, old: Any, new: Any) -> str:
    """up, down or same along an ordered parameter, the value itself for a choice."""
    if key not in space:
        return f"to {new}"
    dimension = space[key]
    if isinstance(dimension, Categorical):
        before, after = dimension.index(old), dimension.index(new)
        if not dimension.ordered or before is None or after is None:
            return f"to {new}"
    else:
        before, after = canonical_number(old), canonical_number(new)
        if before is None or after is None:
            return f"to {new}"
    return "same" if after == before else "up" if after > before else "down"
