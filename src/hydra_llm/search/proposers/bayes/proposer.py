"""The default without a language model: default configuration, a short design, then a Gaussian process decides.

The process knows every run, so slots need no roles: running trials count as having given what is expected of them, and
what is worth running follows. The last eighth of the trials is for the recommendation: there a rerun competes with a
new configuration (docs/decisions/0100), and leader and baseline are compared (0199).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.optuna_bridge.node_points import NodePoints
from hydra_llm.search.proposers.base import Proposer, mutate
from hydra_llm.search.proposers.bayes import pool
from hydra_llm.search.proposers.bayes.choice import Candidate, PooledChoice
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.space.space import Space, Values
from hydra_llm.search.surrogate.belief import Belief
from hydra_llm.search.surrogate.encoding import Encoding
from hydra_llm.search.surrogate.threads import one_thread
from hydra_llm.search.tree.reward import POSTERIOR
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.seeds import derive
from hydra_llm.search.trial.trial import Proposal, Trial

LEAST_DESIGN = 4  # trials before the process decides


@dataclass(frozen=True)
class Parts:
    """What the search is made of. The defaults are what the benchmark chose (benchmarks/search.py); the other values
    are there to measure them.
    """

    sources: tuple[str, ...] = tuple(pool.SOURCES)
    climb: bool = True
    second: Proposer | None = None  # gets every `period`-th trial
    period: int = 5
    closing: float = 0.125  # share of the trials, at the end, that are for the recommendation
    reruns: bool = True


class BayesProposer(Proposer):
    name: str = "bayes"
    reads_notes: bool = False
    own_roles: bool = True
    reward: str = POSTERIOR

    def __init__(self, parts: Parts | None = None) -> None:
        self._parts = parts or Parts()
        self._points: tuple[object, NodePoints] | None = None

    def propose(self, context: Context) -> list[Proposal]:
        taken: set[str] = set(context.rejected)
        proposals: list[Proposal] = []
        with one_thread():
            belief = context.tree.belief
            for slot in context.slots:
                proposal = self._fill(context, slot, taken, belief, proposals)
                if proposal.changes or proposal.parent is None:
                    taken.add(context.space.key(proposal.values))
                proposals.append(proposal)
        return proposals

    def _fill(
        self, context: Context, slot: Slot, taken: set[str], belief: Belief | None, before: Sequence[Proposal]
    ) -> Proposal:
        root = context.tree.root
        number = len(context.block_trials) + len(before)
        if root is None and not goes_on(context) and (not before or slot.role == "baseline"):
            note = "the application's own configuration"
            values = context.space.baseline()
            return mutate(context, slot, None, values, strategy="baseline", source=self.name, note=note)
        if slot.role == "baseline" and root is not None:
            note = "the baseline once more"
            return mutate(context, slot, root.id, root.values, strategy="baseline", source=self.name, note=note)
        if belief is None or not context.tree.scored() or not self.decides(context, len(before)):
            return self._first_new(context, slot, taken, self._design(context, number))
        choice = self.choice(context, slot, belief, before)
        if self._parts.second is not None and number % self._parts.period == 0 and not choice.closing:
            asked = replace(context, slots=(slot,), rejected=frozenset(taken))
            (proposal,) = self._parts.second.propose(asked)  # type: ignore[misc]  # a list of one
            return replace(proposal, provenance=Provenance(proposal.provenance.source, via=self.name))
        return self._first_new(context, slot, taken, choice.ranked(), belief)

    def decides(self, context: Context, before: int = 0) -> bool:
        """Whether the design is over, after `before` further proposals of this batch; in a regime that earlier blocks
        searched it is over from the start.
        """
        known = context.heritage.runs if context.heritage is not None else 0
        return known + len(context.block_trials) + before >= design_size(context.space, _total(context))

    def choice(self, context: Context, slot: Slot, belief: Belief, before: Sequence[Proposal] = ()) -> PooledChoice:
        """The pool for a slot, beside what runs and what this batch proposed before."""
        left = context.left - len(before)
        here = belief.encoding.rows(proposal.values for proposal in before)
        return PooledChoice(
            context.tree,
            replace(belief, pending=np.concatenate([belief.pending, here])),
            context.rng(slot.index),
            self._parts.sources,
            self._parts.climb,
            closing=0 < left <= round(self._parts.closing * _total(context)),
            reruns=self._parts.reruns and bool(context.seed_keys),
        )

    def _design(self, context: Context, number: int) -> Iterator[Candidate]:
        """What served earlier blocks best, then a scrambled Sobol sequence; a block that goes on has its leader."""
        for trial in () if goes_on(context) else inherited(context):
            yield Candidate("inherit", trial.values)
        encoding = Encoding(context.space)
        if encoding.dimensions:
            rng = np.random.default_rng(derive(context.seed, "design", context.block.index))
            rows = pool.sobol(encoding, 4 * (number + 1), rng)
            for row in rows[number:]:
                yield Candidate("design", encoding.values(row))

    def _first_new(
        self,
        context: Context,
        slot: Slot,
        taken: Collection[str],
        candidates: Iterator[Candidate],
        belief: Belief | None = None,
    ) -> Proposal:
        """The first candidate that may run: a rerun, or what neither ran nor is claimed; a random draw without one."""
        for candidate in candidates:
            values = context.space.canonical({**candidate.values, **slot.fixed})
            if candidate.node is not None:
                note = f"rerun of node {candidate.node.id}: {candidate.node.runs} run(s) so far"
                parent = candidate.node.id
                return mutate(
                    context, slot, parent, candidate.node.values, strategy="replicate", source=self.name, note=note
                )
            key = context.space.key_of_canonical(values)
            if key not in taken and not context.tree.has_key(key) and context.space.violation(values) is None:
                return self._new(context, slot, values, candidate.strategy, belief)
        (drawn,) = RandomProposer().propose(replace(context, slots=(slot,), rejected=frozenset(taken)))
        return replace(drawn, provenance=Provenance(self.name))

    def _new(self, context: Context, slot: Slot, values: Values, strategy: str, belief: Belief | None) -> Proposal:
        note = ""
        if belief is not None:
            median, low, high = belief.interval(values, context.objective)
            note = f"expected {context.objective.name} {median:.4g} (80 %: {low:.4g} to {high:.4g}){context.weighing}"
        if self._points is None or self._points[0] is not context.tree:
            self._points = (context.tree, NodePoints(context.space))
        nearest = self._points[1].nearest(context.tree, values)
        parent = None if nearest is None else nearest.id
        return mutate(context, slot, parent, values, strategy=strategy, source=self.name, note=note)


def goes_on(context: Context) -> bool:
    """Whether the block searches a regime that earlier ones searched: its baseline and its leader are known."""
    return context.heritage is not None and context.heritage.same_regime


def _total(context: Context) -> int:
    """Trials of the block, those that are left included."""
    return len(context.block_trials) + context.left


def design_size(space: Space, total: int) -> int:
    """Trials before the process decides, the default configuration included: one more than there are parameters, at
    most a quarter of all.
    """
    return max(LEAST_DESIGN, min(len(space.free()) + 1, total // 4))


def inherited(context: Context) -> list[Trial]:
    """The best trial of each earlier block, the latest block first: another regime, but often not another optimum."""
    best: dict[int, Trial] = {}
    for trial in context.trials:
        if trial.block >= context.block.index or trial.purpose != "search" or trial.value is None:
            continue
        known = best.get(trial.block)
        if known is None or known.value is None or _score(context, trial) > _score(context, known):
            best[trial.block] = trial
    return [best[block] for block in sorted(best, reverse=True)]


def _score(context: Context, trial: Trial) -> float:
    return -np.inf if trial.value is None else context.objective.score(trial.value)


def build(settings: Mapping[str, Any]) -> BayesProposer:
    """Takes no settings of its own."""
    return BayesProposer()
