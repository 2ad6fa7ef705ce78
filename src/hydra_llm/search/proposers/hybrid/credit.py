"""Which source of proposals earned what: credit by rank, chosen by UCB1.

The credit of a trial is the share of the latest scored trials before it that its score beats, so scale and shift of the
metric do not matter and a gain late in a search counts as much as one early. Failures earn nothing. A rerun cannot
improve a rank; it earns how far it moved the rank of its configuration, which is what was learned. Everything is a
fold over the block's trials.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial

WINDOW = 128  # earlier scores that a new one is ranked among; credit is counted over twice as many trials
EXPLORATION = 0.5  # weight of the bonus; credits lie in [0, 1]


@dataclass(frozen=True)
class Record:
    """`uses` finished trials of a source, with the sum of their credits."""

    uses: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.uses if self.uses else 0.0


def credits(sources: Sequence[tuple[str, Trial]], objective: Objective) -> dict[str, Record]:
    """One record per source over (source, finished trial) in order of number; trials of source "" only set ranks."""
    earlier: deque[float] = deque(maxlen=WINDOW)
    last_of: dict[str, float] = {}  # configuration -> score of its latest run
    records: dict[str, Record] = {}
    for source, trial in sources:
        score = None if trial.value is None else objective.score(trial.value)
        if source:
            key = repr(sorted(trial.values.items(), key=lambda item: item[0]))
            before = last_of.get(key) if not trial.proposal.changes else None
            earned = _credit(score, before, sorted(earlier))
            old = records.get(source, Record())
            records[source] = Record(old.uses + 1, old.total + earned)
        if score is not None:
            earlier.append(score)
            last_of[repr(sorted(trial.values.items(), key=lambda item: item[0]))] = score
    return records


def _credit(score: float | None, before: float | None, earlier: list[float]) -> float:
    if score is None or not earlier:
        return 0.0
    rank = _rank(score, earlier)
    return rank if before is None else abs(rank - _rank(before, earlier))


def _rank(score: float, earlier: list[float]) -> float:
    """Share of the earlier scores that lie below, ties counting half."""
    return (bisect_left(earlier, score) + bisect_right(earlier, score)) / 2 / len(earlier)


def order(arms: Sequence[str], records: Mapping[str, Record], planned: Mapping[str, int]) -> list[str]:
    """The arms by UCB1, best first; unused ones come first, in the order given. `planned` are uses in this batch."""
    uses = {arm: records.get(arm, Record()).uses + planned.get(arm, 0) for arm in arms}
    total = max(1, sum(uses.values()))

    def score(arm: str) -> float:
        if not uses[arm]:
            return math.inf
        return records.get(arm, Record()).mean + EXPLORATION * math.sqrt(math.log(total) / uses[arm])

    return sorted(arms, key=lambda arm: (-score(arm), arms.index(arm)))
