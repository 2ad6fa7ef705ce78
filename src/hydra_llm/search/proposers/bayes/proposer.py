"""The default without a language model: default configuration, a short design, then a Gaussian process decides.

Candidates come from one pool (pool.py) and one scorer picks (acquisition.py); every fifth trial goes to the second
member, Optuna's TPE, as an insurance against a process that is wrong about the task (docs/decisions/0100). Running
trials count as having given what is expected of them. The last eighth of the trials is for the recommendation: there a
rerun competes with a new configuration, in one unit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.optuna_bridge.node_points import NodePoints
from hydra_llm.search.proposers.base import Proposer, ProposerError, mutate
from hydra_llm.search.proposers.bayes import pool
from hydra_llm.search.proposers.bayes.acquisition import log_improvement, log_knowledge
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.surrogate.belief import Belief
from hydra_llm.search.surrogate.encoding import Encoding, Rows
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.seeds import derive
from hydra_llm.search.trial.trial import Proposal

LEADERS = 8  # configurations believed best, that candidates are made from
CLIMBED = 3  # candidates that are improved coordinate by coordinate
ROUNDS = 4
FINE = (-0.1, -0.03, -0.01, 0.01, 0.03, 0.1)  # steps along a real parameter
CLOSING = 0.125  # share of the trials, at the end, that reruns compete for


@dataclass(frozen=True)
class Parts:
    """What the search is made of: the defaults are what the benchmark chose, the others are for measuring them."""

    sources: tuple[str, ...] = tuple(pool.SOURCES)
    climb: bool = True
    second: Proposer | None = None  # gets every `period`-th trial
    period: int = 5
    closing: float = CLOSING
    reruns: bool = True


class BayesProposer(Proposer):
    name: str = "bayes"
    reads_notes: bool = False

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def propose(self, context: Context) -> list[Proposal]:
        taken: set[str] = set(context.rejected)
        proposals: list[Proposal] = []
        belief = context.tree.belief
        for slot in context.slots:
            proposal = self._fill(context, slot, taken, belief, proposals)
            if proposal.changes or proposal.parent is None:
                taken.add(context.space.key(proposal.values))
            proposals.append(proposal)
        return proposals

    def _fill(
        self, context: Context, slot: Slot, taken: set[str], belief: Belief | None, before: list[Proposal]
    ) -> Proposal:
        number = len(context.block_trials) + len(before)
        total = context.block.n_iter_block or context.n_trials
        if number == 0:
            return mutate(context, slot, None, context.space.baseline(), strategy="baseline", source=self.name)
        if belief is None or number < design_size(context.space, total):
            return self._design(context, slot, taken, number)
        if self._parts.second is not None and number % self._parts.period == 0 and not self._closing(number, total):
            asked = replace(context, slots=(slot,), rejected=frozenset(taken))
            (proposal,) = list(self._parts.second.propose(asked))
            return replace(proposal, provenance=Provenance(proposal.provenance.source, via=self.name))
        rows = belief.encoding.rows(p.values for p in before)
        belief = replace(belief, pending=np.concatenate([belief.pending, rows]))
        return self._believed(context, slot, taken, belief, closing=self._closing(number, total))

    def _closing(self, number: int, total: int) -> bool:
        return number >= total - max(1, round(self._parts.closing * total)) if self._parts.closing else False

    # ---- the design ----
    def _design(self, context: Context, slot: Slot, taken: Collection[str], number: int) -> Proposal:
        encoding = Encoding(context.space)
        if encoding.dimensions:
            rng = np.random.default_rng(derive(context.seed, "design", context.block.index))
            rows = pool.sobol(encoding, 4 * (number + 1), rng)
            for row in np.roll(rows, -number, axis=0):
                values = encoding.values(row)
                if _is_new(context, values, taken):
                    return self._proposal(context, slot, values, "design")
        return self._drawn(context, slot, taken)

    # ---- the process ----
    def _believed(
        self, context: Context, slot: Slot, taken: Collection[str], belief: Belief, *, closing: bool
    ) -> Proposal:
        encoding = belief.encoding
        nodes = [node for node in context.tree if node.scores]
        rows = encoding.rows(node.values for node in nodes)
        process = belief.expecting
        mean, _ = process.posterior(encoding.features(rows))
        order = np.argsort(-mean, kind="stable")
        leaders = pool.Leaders(encoding, rows[order[:LEADERS]], context.rng(slot.index))
        incumbent = encoding.features(rows[order[:1]])

        def score(candidates: Rows) -> npt.NDArray[np.float64]:
            features = encoding.features(candidates)
            if closing:
                return log_knowledge(process, features, incumbent, belief.noise)
            return log_improvement(process, features, incumbent)

        found = [(name, pool.SOURCES[name](leaders)) for name in self._parts.sources]
        candidates = encoding.snap(np.concatenate([rows for _, rows in found]))
        names = np.repeat([name for name, _ in found], [len(rows) for _, rows in found])
        values = score(candidates)
        if self._parts.climb:
            tops = np.argsort(-values, kind="stable")[:CLIMBED]
            climbed = np.array([self._climb(encoding, candidates[top], score) for top in tops])
            candidates = np.concatenate([climbed, candidates])
            names = np.concatenate([names[tops], names])
            values = np.concatenate([score(climbed), values])
        order_of_candidates = np.argsort(-values, kind="stable")

        rerun = -np.inf
        if closing and self._parts.reruns and context.seed_keys and len(order) > 1:
            top = encoding.features(rows[order[:2]])
            gains = log_knowledge(process, top, top[::-1], belief.noise)
            which = int(np.argmax(gains))
            rerun = float(gains[which])
        for index in order_of_candidates:
            if values[index] < rerun:
                node = nodes[order[which]]
                return mutate(
                    context, slot, node.id, node.values, strategy="replicate", source=self.name,
                    note=f"rerun of node {node.id}: {node.runs} run(s) so far",
                )
            drawn = encoding.values(candidates[index])
            if _is_new(context, drawn, taken):
                return self._proposal(context, slot, drawn, str(names[index]))
        return self._drawn(context, slot, taken)

    def _climb(self, encoding: Encoding, row: npt.NDArray[np.float64], score) -> npt.NDArray[np.float64]:
        """Steps along single parameters while they raise the score."""
        best, value = row, -np.inf
        for _ in range(ROUNDS):
            around = pool.neighbours(encoding, best, pool.GRID)
            for index in np.flatnonzero(np.isinf(encoding.sizes) & ~np.isnan(best)):
                for step in FINE:
                    moved = best.copy()
                    moved[index] += step
                    around.append(moved)
            rows = encoding.snap(np.array([best, *around]))
            values = score(rows)
            top = int(np.argmax(values))
            if values[top] <= value + 1e-6:
                break
            best, value = rows[top], float(values[top])
        return best

    # ---- proposals ----
    def _proposal(self, context: Context, slot: Slot, values: Mapping[str, Any], strategy: str) -> Proposal:
        nearest = NodePoints(context.space).nearest(context.tree, values)
        parent = None if nearest is None else nearest.id
        return mutate(context, slot, parent, values, strategy=strategy, source=self.name)

    def _drawn(self, context: Context, slot: Slot, taken: Collection[str]) -> Proposal:
        (drawn,) = RandomProposer().propose(replace(context, slots=(slot,), rejected=frozenset(taken)))
        return replace(drawn, provenance=Provenance(self.name))


def design_size(space, total: int) -> int:
    """Trials before the process decides, the default configuration included."""
    return int(np.clip(len(space.free()) + 1, 4, max(4, total // 4)))


def _is_new(context: Context, values: Mapping[str, Any], taken: Collection[str]) -> bool:
    key = context.space.key(values)
    return key not in taken and not context.tree.has_key(key) and context.space.violation(values) is None


def build(settings: Mapping[str, Any]) -> BayesProposer:
    """Takes no settings of its own."""
    from hydra_llm.search.proposers.numeric.tpe import build as tpe

    return BayesProposer(Parts(second=tpe({})))
