"""The one line of a finished trial."""

from __future__ import annotations

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records.front import on_front, result_text
from hydra_llm.search.records.trial_section import mutation
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial.trial import PROMOTED, Trial, TrialState

LISTED = 100_000  # beyond, the position in the list is not looked up
PURPOSES = {"confirm": "confirmation", PROMOTED: "full recipe"}


def trial_line(trial: Trial, state: SweepState, settings: Settings) -> str:
    """Place, number, metric or what went wrong, time, what was moved from which node, proposer."""
    seconds = "" if trial.duration is None else f"{trial.duration:.1f} s"
    parts = [f"{_place(trial, state, settings)} {_result(trial, state, settings)}", seconds, _origin(trial, settings)]
    return " | ".join(part for part in parts if part)


def _place(trial: Trial, state: SweepState, settings: Settings) -> str:
    if trial.purpose in PURPOSES:
        return f"[{PURPOSES[trial.purpose]}, {trial.budget} budget] trial {trial.number}"
    done = state.search.index(trial.number) + 1 if len(state.search) < LISTED else len(state.search)
    block = f", block {trial.block + 1}" if settings.n_iter_block else ""
    return f"[{done}/{settings.n_trials}{block}] trial {trial.number}"


def _result(trial: Trial, state: SweepState, settings: Settings) -> str:
    if trial.value is None:
        return f"{trial.state.value}: {str(trial.error or 'no value').splitlines()[0]}"
    result = result_text(trial, settings)
    if trial.state is TrialState.PRUNED:
        return f"PRUNED: {result}" + (f" ({trial.error.message})" if trial.error is not None else "")
    if settings.objectives is not None:
        return f"{result}, on the front" if trial.number in on_front(state) else result
    best = state.best()
    leads = trial.purpose == "search" and best is not None and best.values == trial.values and best.block == trial.block
    return f"{result}, the best so far" if leads else result


def _origin(trial: Trial, settings: Settings) -> str:
    proposal = trial.proposal
    if trial.purpose != "search":
        return f"{proposal.role}, {proposal.note}" if proposal.note else proposal.role
    if proposal.parent is None and not proposal.changes and proposal.values == settings.space.baseline():
        return "the baseline"
    start = "" if proposal.parent is None else f"from {proposal.parent}: "
    again = f", attempt {trial.attempt}" if trial.attempt > 1 else ""
    return f"{start}{mutation(trial, settings)} | {proposal.strategy} by {proposal.provenance}{again}"
