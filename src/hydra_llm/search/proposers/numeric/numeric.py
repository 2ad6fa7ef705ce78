"""Proposers on Optuna's samplers: a numeric sampler suggests, the tree records under the nearest node.

The baseline runs first, and slots for replicates stay replicates; every other slot takes the sampler's suggestion. A
sampler is made anew for each slot, with a seed that depends on the sweep's seed, the trial number and the slot alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.optuna_bridge.node_points import NodePoints
from hydra_llm.search.proposers.base import Proposer, ProposerError, mutate
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.rules.baseline import Baseline, RepeatBaseline
from hydra_llm.search.proposers.rules.replicate import Replicate
from hydra_llm.search.space.space import Values
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from hydra_llm.search.optuna_bridge.mirror import OptunaMirror

MAX_SUGGESTIONS = 16  # for one slot: a discrete space repeats itself
STARTUP_SHARE, LEAST_STARTUP, MOST_STARTUP = 4, 4, 10  # a quarter of the trials, within these bounds, before modelling

MakeSampler = Callable[[int, int], "BaseSampler"]  # (seed, trials drawn at random before the model is asked)


class PointProposer(Proposer):
    """What numeric proposers share; a kind gives `suggestions`, an endless supply of configurations for one slot."""

    reads_notes: bool = False

    def __init__(self) -> None:
        self._points: tuple[object, NodePoints] | None = None

    def suggestions(self, context: Context, slot: Slot) -> Iterator[Values]:
        raise NotImplementedError

    def propose(self, context: Context) -> list[Proposal]:
        try:
            return self._fill(context)
        finally:
            self.release()

    def release(self) -> None:
        """Called after every decision: let go of what was held open during it."""

    def _fill(self, context: Context) -> list[Proposal]:
        taken: set[str] = set(context.rejected)
        proposals: list[Proposal] = []
        for slot in context.slots:
            try:
                proposal = self._by_role(context, slot, taken) or self._new(context, slot, taken)
            except ProposerError:
                if proposals:
                    break
                raise
            if proposal.changes or proposal.parent is None:
                taken.add(context.space.key(proposal.values))
            proposals.append(proposal)
        return proposals

    def _by_role(self, context: Context, slot: Slot, taken: set[str]) -> Proposal | None:
        """The roles that leave a sampler nothing to decide."""
        strategies = {"baseline": (Baseline(), RepeatBaseline()), "replicate": (Replicate(),)}.get(slot.role, ())
        for strategy in strategies:
            if strategy.condition(context):
                proposal = strategy.propose(context, slot, taken)
                if proposal is not None:
                    return replace(proposal, provenance=Provenance(self.name))
        return None

    def _new(self, context: Context, slot: Slot, taken: set[str]) -> Proposal:
        values = self._unseen(context, slot, taken)
        nearest = self._nearest(context, values)
        parent = None if nearest is None else nearest.id
        return mutate(context, slot, parent, values, strategy=self.name, source=self.name)

    def _unseen(self, context: Context, slot: Slot, taken: set[str]) -> Values:
        """The first suggestion that neither ran nor is claimed; a random draw where the sampler only repeats itself."""
        for values in islice(self.suggestions(context, slot), MAX_SUGGESTIONS):
            whole = context.space.canonical(values)  # with the defaults of what the sampler does not vary
            key = context.space.key_of_canonical(whole)
            if key not in taken and not context.tree.has_key(key):
                return whole
        (drawn,) = RandomProposer().propose(replace(context, slots=(slot,), rejected=frozenset(taken)))
        return drawn.values

    def _nearest(self, context: Context, values: Values) -> Node | None:
        if self._points is None or self._points[0] is not context.tree:
            self._points = (context.tree, NodePoints(context.space))
        return self._points[1].nearest(context.tree, values)


class OptunaProposer(PointProposer):
    """A sampler of Optuna on the mirrored trials of the block."""

    def __init__(self, name: str, make_sampler: MakeSampler) -> None:
        super().__init__()
        self.name = name
        self._make_sampler = make_sampler
        self._mirror: OptunaMirror | None = None

    def suggestions(self, context: Context, slot: Slot) -> Iterator[Values]:
        from hydra_llm.search.optuna_bridge.mirror import OptunaMirror, quiet

        if not context.space.free():
            raise ProposerError(f"{self.name} has nothing to vary: every parameter of the space is locked or constant.")
        trials = context.block_trials
        if self._mirror is None or not self._mirror.matches(context.space, trials):
            self._mirror = OptunaMirror(context.space, context.objective)
        self._mirror.follow(trials)
        with quiet():
            sampler = self._make_sampler(int(context.rng(slot.index).integers(2**31)), startup(context.n_trials))
        return self._mirror.suggestions(sampler)

    def release(self) -> None:
        if self._mirror is not None:
            self._mirror.release()


def startup(n_trials: int) -> int:
    """How many trials are drawn at random before a model of the space is trusted."""
    return min(MOST_STARTUP, max(LEAST_STARTUP, n_trials // STARTUP_SHARE))
