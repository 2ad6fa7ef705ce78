"""The one line of a finished trial."""

from __future__ import annotations

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.records.authors import BASELINE, byline, is_baseline
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
        return _ending(trial)
    result = result_text(trial, settings)
    if trial.state is TrialState.PRUNED:
        return f"PRUNED: {result}" + (f" ({trial.error.message})" if trial.error is not None else "")
    if settings.objectives is not None:
        return f"{result}, on the front" if trial.number in on_front(state) else result
    return ", ".join(part for part in (result, _lead(trial, state)) if part)


def _ending(trial: Trial) -> str:
    """How a trial without a value ended, and why; an error that is named by the state names it once."""
    text, ending = str(trial.error or "no value").splitlines()[0], trial.state.value
    return text if trial.error is not None and trial.error.type == ending else f"{ending}: {text}"


def _lead(trial: Trial, state: SweepState) -> str:
    """In which sense the configuration leads, "" where it does not: the lead goes by rewards, which may be what is
    expected of a configuration, and among regimes by the gain over the baseline of each.
    """
    best = state.best()
    if trial.purpose != "search" or best is None or best.values != trial.values or best.block != trial.block:
        return ""
    better = [other for other in state.search_trials() if _beats(other, trial, state)]
    if any(state.block_values(other) == state.block_values(trial) for other in better):
        return "expected to be the best so far"
    return "the best of its regime so far" if better else "the best so far"


def _beats(other: Trial, trial: Trial, state: SweepState) -> bool:
    """By the values of single runs."""
    if other.value is None or trial.value is None:
        return False
    return state.objective.score(other.value) > state.objective.score(trial.value)


def _origin(trial: Trial, settings: Settings) -> str:
    proposal = trial.proposal
    if trial.purpose != "search":
        return f"{proposal.role}, {proposal.note}" if proposal.note else proposal.role
    if is_baseline(trial, settings.space):
        return byline(BASELINE)
    start = "" if proposal.parent is None else f"from {proposal.parent}: "
    again = f", attempt {trial.attempt}" if trial.attempt > 1 else ""
    return f"{start}{mutation(trial, settings)} | {proposal.strategy} by {proposal.provenance}{again}"
