"""One trial by the Gaussian process: candidates from every source, one score, the best one climbs coordinate by
coordinate; at the end of a sweep a rerun may be worth more than any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hydra_llm.search.proposers.bayes import pool
from hydra_llm.search.proposers.bayes.acquisition import log_improvement, log_knowledge
from hydra_llm.search.space.space import Values
from hydra_llm.search.surrogate.belief import Belief, likelier
from hydra_llm.search.surrogate.encoding import Encoding, Rows
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree

LEADERS = 8  # configurations believed best, that candidates are made from
CLIMBED = 3  # candidates that are improved coordinate by coordinate
ROUNDS = 4
RERUN = "replicate"
SURE = 0.95  # probability that the leader beats the baseline from which on the closing trials are for others
FINE = (-0.1, -0.03, -0.01, 0.01, 0.03, 0.1)  # steps along a real parameter

Row = npt.NDArray[np.float64]
Score = Callable[[Rows], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Candidate:
    """`node` is the one that runs again, None for a new configuration."""

    strategy: str
    values: Values
    node: Node | None = None


@dataclass(frozen=True)
class PooledChoice:
    """`closing`: the value of a candidate is that of one noisy run for the recommendation, and reruns compete."""

    tree: Tree
    belief: Belief
    rng: np.random.Generator
    sources: tuple[str, ...]
    climb: bool = True
    closing: bool = False
    reruns: bool = False

    def ranked(self) -> Iterator[Candidate]:
        """Candidates, best first."""
        encoding = self.belief.encoding
        rows, top = self._leaders
        if (rival := self._duel(top)) is not None:
            yield Candidate(RERUN, rival.values, rival)
        names, candidates, values = self._pool(pool.Leaders(encoding, rows[:LEADERS], self.rng), self._score)
        again, worth = self._rerun(top, encoding.features(rows[:2]))
        for index in np.argsort(-values, kind="stable"):
            if again is not None and worth >= values[index]:
                yield Candidate(RERUN, again.values, again)
                again = None
            yield Candidate(str(names[index]), encoding.values(candidates[index]))

    def worth(self, values: Values) -> float:
        """The score of any configuration, in the unit in which the candidates are ranked."""
        return float(self._score(self.belief.encoding.rows([values]))[0])

    @cached_property
    def _leaders(self) -> tuple[Rows, list[Node]]:
        """Rows of the scored nodes, best expectation first, and the two best nodes."""
        nodes = self.tree.scored()
        rows = self.tree.node_rows(self.belief)[[node.index for node in nodes]]
        mean = self.belief.expecting.mean(self.belief.encoding.features(rows))
        order = np.argsort(-mean, kind="stable")
        return rows[order], [nodes[index] for index in order[:2]]

    def _score(self, candidates: Rows) -> npt.NDArray[np.float64]:
        encoding, process = self.belief.encoding, self.belief.expecting
        features, incumbent = encoding.features(candidates), encoding.features(self._leaders[0][:1])
        if self.closing:
            return log_knowledge(process, features, incumbent, self.belief.noise)
        return log_improvement(process, features, incumbent)

    def _pool(self, leaders: pool.Leaders, score: Score) -> tuple[npt.NDArray[np.str_], Rows, npt.NDArray[np.float64]]:
        """Names of sources, rows and scores [candidate]."""
        encoding = leaders.encoding
        found = {name: pool.SOURCES[name](leaders) for name in self.sources}
        candidates = encoding.snap(np.concatenate(list(found.values())))
        names = np.repeat(list(found), [len(rows) for rows in found.values()])
        values = score(candidates)
        if not self.climb:
            return names, candidates, values
        tops = np.argsort(-values, kind="stable")[:CLIMBED]
        climbed = np.array([climb(encoding, candidates[top], score) for top in tops])
        return (
            np.concatenate([names[tops], names]),
            np.concatenate([climbed, candidates]),
            np.concatenate([score(climbed), values]),
        )

    def _duel(self, top: list[Node]) -> Node | None:
        """The leader or the baseline, whichever ran less often, while it is open which of the two is better: a leader
        owes much of its score to luck, and what is recommended has to be better than what was there before.
        """
        baseline = self.tree.baseline
        if not (self.closing and self.reruns) or baseline is None or not baseline.scores or top[0] is baseline:
            return None
        encoding, pair = self.belief.encoding, (top[0], baseline)
        rows = encoding.rows(node.values for node in pair)
        if likelier(self.belief.expecting, encoding.features(rows)) >= SURE:
            return None
        pending = self.belief.pending
        due = [int((np.isclose(pending, row, rtol=0.0, equal_nan=True)).all(axis=1).sum()) for row in rows]
        return min(pair, key=lambda node: node.runs + due[pair.index(node)])

    def _rerun(self, top: list[Node], features: npt.NDArray[np.float64]) -> tuple[Node | None, float]:
        """Which of the two leaders is worth another run, and how much; None where it cannot be."""
        if not (self.closing and self.reruns) or len(top) < 2:
            return None, -np.inf
        gains = log_knowledge(self.belief.expecting, features, features[::-1], self.belief.noise)
        which = int(np.argmax(gains))
        return top[which], float(gains[which])


def climb(encoding: Encoding, start: Row, score: Score) -> Row:
    """Steps along single parameters while they raise the score."""
    best, value = start, -np.inf
    for _ in range(ROUNDS):
        around = pool.neighbours(encoding, best, pool.GRID)
        for index in np.flatnonzero(np.isinf(encoding.sizes) & ~np.isnan(best)):
            around += [_moved(best, int(index), best[index] + step) for step in FINE]
        rows = encoding.snap(np.array([best, *around]))
        values = score(rows)
        top = int(np.argmax(values))
        if values[top] <= value + 1e-6:
            break
        best, value = rows[top], float(values[top])
    return best


def _moved(row: Row, index: int, value: float) -> Row:
    moved = row.copy()
    moved[index] = value
    return moved
