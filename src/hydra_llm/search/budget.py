"""When a sweep ends, and in which words: trials used up, failures, time, patience, target, what the model cost."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search import patience
from hydra_llm.search.blocks import another_regime
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings, Stop
from hydra_llm.search.trial.objective import MissingMetric
from hydra_llm.search.trial.trial import Trial


def search_done(state: SweepState, settings: Settings, elapsed_s: float, spent: TotalUsage | None = None) -> str:
    """Why no further search trial is proposed, "" while there is budget left. Too many failures are judged by
    `must_stop`.

    `elapsed_s` counts this run of the command; `spent` is what a language model used over all of them, None without.
    """
    if state.used >= settings.n_trials:
        return f"all {settings.n_trials} trials are used"
    stop = settings.stop
    if stop.max_hours is not None and elapsed_s >= stop.max_hours * 3600:
        return f"the time limit of {stop.max_hours:g} h is reached"
    if used_up := model_used_up(stop, spent):
        return used_up
    done = patience.spent(state, settings)
    return "" if done and another_regime(state, settings) else done  # then the block ends, and the search goes on


def model_used_up(stop: Stop, spent: TotalUsage | None) -> str:
    """Why the language model is asked nothing more, "" while it may be."""
    if spent is None:
        return ""
    if stop.max_llm_tokens is not None and spent.tokens >= stop.max_llm_tokens:
        return f"the language model used {spent.tokens} tokens (stop.max_llm_tokens={stop.max_llm_tokens})"
    if stop.max_llm_cost is not None and (spent.cost or 0.0) >= stop.max_llm_cost:
        return f"the language model cost {spent.cost or 0.0:.4g} (stop.max_llm_cost={stop.max_llm_cost:g})"
    return ""


def must_stop(state: SweepState, settings: Settings, folder: Path | None = None) -> str:
    """Why the sweep must end early because of failures, "" otherwise. Failures of earlier sessions do not end this one:
    whoever runs the same command again has mended something. Without a folder there is no command to advise.
    """
    first = state.trials[state.search[0]] if state.search else None
    if first is not None and first.error is not None and first.error.type == MissingMetric.__name__:
        said = f"no trial can have a score. {first.error.message} Trial 0"
        if folder is None:
            return f"{said}, which runs the defaults, showed it: mend that, and start another study"
        return (
            f"{said}, the application's own configuration, showed it: mend that, or name another number in "
            "hydra.sweeper.metric, and start anew in another hydra.sweep.dir"
        )
    if state.failures > settings.max_failure_rate * settings.n_trials:
        return (
            f"{state.failures} trials failed, more than max_failure_rate={settings.max_failure_rate:g} "
            f"of {settings.n_trials} trials allows"
        )
    most = settings.stop.max_failures
    if most is not None and state.failures > most:
        return f"{state.failures} trials failed, more than stop.max_failures={most} allows"
    if settings.fail_fast:
        latest = (state.trials[number] for number in reversed(state.search[state.earlier :]))
        tail = list(islice((trial for trial in latest if trial.state.is_finished), settings.fail_fast))[::-1]
        if (
            len(tail) == settings.fail_fast
            and len({_cause(trial) for trial in tail}) == 1
            and _cause(tail[0]) is not None
        ):
            said = f"the last {settings.fail_fast} trials failed with the same error ({tail[-1].error}). Mend its cause"
            if folder is None:
                return f"{said}, or let fail_fast=0 pass over it"
            again = f"run the same command in the same folder again ({folder})"
            return f"{said} and {again}, or let hydra.sweeper.fail_fast=0 pass over it"
    return ""


def _cause(trial: Trial) -> tuple[str, str] | None:
    return None if trial.error is None or not trial.state.is_bad else (trial.error.type, trial.error.message)
