"""Which confirmation runs a sweep still owes: best and baseline of its block and the references, which are the baseline
under overrides of their own, on the same fresh seeds, for every budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial import seeds
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal, Trial


@dataclass(frozen=True)
class ConfirmationRun:
    """The `run`-th run (from 0) of `trial`'s configuration in a role, under a budget."""

    role: str
    trial: Trial
    budget: str
    run: int
    seeds: dict[str, int]

    def proposal(self, slot: int) -> Proposal:
        number = self.trial.number
        note = f"confirmation of trial {number}, fresh seeds {self.run + 1}"
        who = Provenance("confirm")
        return Proposal(slot, self.role, "confirm", number, self.trial.values, note=note, provenance=who)


def missing_runs(state: SweepState, settings: Settings) -> list[ConfirmationRun]:
    """What is still to be asked for, regime by regime; [] where nothing is wanted or nothing has a score."""
    wanted = settings.confirmation
    if not wanted.n_seeds:
        return []

    def identity(role: str, trial: int | None, budget: str, own: Mapping[str, int]) -> tuple[object, ...]:
        """A reference is known by its role, best and baseline by their trial alone: they may change places."""
        return role if role in wanted.references else "", trial, budget, tuple(sorted(own.items()))

    asked = {identity(t.proposal.role, t.proposal.parent, t.budget, t.seeds) for t in state.confirmations}
    runs = [
        ConfirmationRun(role, trial, budget, run, seeds.confirmation_seeds(settings.seed, settings.seed_keys, run))
        for best in state.bests()
        for budget in wanted.budgets
        for run in range(wanted.n_seeds)
        for role, trial in _roles(best, state, wanted.references).items()
    ]
    return [run for run in runs if identity(run.role, run.trial.number, run.budget, run.seeds) not in asked]


def _roles(best: Trial, state: SweepState, references: Sequence[str]) -> dict[str, Trial]:
    """What runs beside the best of a regime: the baseline of its block, and the references."""
    node = state.baseline(best.block)
    if node is None:  # it never ran: a start of several slots that an earlier version laid out otherwise
        return {"best": best}
    baseline = state.trials[node.id]
    same = state.space.key(best.values) == state.space.key(baseline.values)
    roles = {"baseline": baseline} if same else {"best": best, "baseline": baseline}
    return roles | dict.fromkeys(references, baseline)
