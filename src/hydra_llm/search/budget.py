"""When a sweep ends, and in which words: trials used up, failures, time, patience, target."""

from __future__ import annotations

from itertools import islice

from hydra_llm.search.settings import Settings
from hydra_llm.search.state import SweepState
from hydra_llm.search.trial import Trial


def search_done(state: SweepState, settings: Settings, elapsed_s: float) -> str:
    """Why no further search trial is proposed, "" while there is budget left. Failures are judged by `must_stop`."""
    if len(state.search) >= settings.n_trials:
        return f"all {settings.n_trials} trials are used"
    stop = settings.stop
    if stop.max_hours is not None and elapsed_s >= stop.max_hours * 3600:
        return f"the time limit of {stop.max_hours:g} h is reached"
    best = state.best() if stop.target_value is not None or stop.patience is not None else None
    if best is None:
        return ""
    if stop.target_value is not None:
        score = state.trees[best.block].node(best.number).mean
        if score is not None and score >= settings.objective.score(stop.target_value):
            return f"the target {settings.objective.name} = {stop.target_value:g} is reached"
    if stop.patience is not None:
        since = sum(1 for number in state.search if number > best.number and state.trials[number].state.is_finished)
        if since >= stop.patience:
            return f"no better configuration in {since} trials (patience {stop.patience})"
    return ""


def must_stop(state: SweepState, settings: Settings) -> str:
    """Why the sweep must end early because of failures, "" otherwise."""
    if state.failures > settings.max_failure_rate * settings.n_trials:
        return (
            f"{state.failures} trials failed, more than max_failure_rate={settings.max_failure_rate:g} "
            f"of {settings.n_trials} trials allows"
        )
    if settings.fail_fast:
        latest = (state.trials[number] for number in reversed(state.search))
        tail = list(islice((trial for trial in latest if trial.state.is_finished), settings.fail_fast))[::-1]
        if (
            len(tail) == settings.fail_fast
            and len({_cause(trial) for trial in tail}) == 1
            and _cause(tail[0]) is not None
        ):
            return f"the last {settings.fail_fast} trials failed with the same error ({tail[-1].error})"
    return ""


def _cause(trial: Trial) -> tuple[str, str] | None:
    return None if trial.error is None or not trial.state.is_bad else (trial.error.type, trial.error.message)
