"""How long a sweep still takes, confirmation included."""

from __future__ import annotations

import statistics
import time
from collections import Counter

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings


def time_left(state: SweepState, settings: Settings) -> str:
    """In words, such as "about 3 min left", by the mean duration of the runs of each budget: "at least" while no run of
    the full budget has ended, "" before any run has.
    """
    lasted: dict[str, list[float]] = {}
    for trial in state.trials.values():
        if trial.duration is not None and trial.state.is_finished:
            lasted.setdefault(trial.budget, []).append(trial.duration)
    if not lasted:
        return ""
    each = {budget: statistics.fmean(found) for budget, found in lasted.items()}
    shortest = min(each.values())
    left = _runs_left(state, settings)
    seconds = sum(n * each.get(budget, shortest) for budget, n in left.items())
    for number in state.running:
        trial = state.trials[number]
        gone = time.time() - (trial.started or time.time())
        seconds += max(0.0, each.get(trial.budget, shortest) - gone)
    known = all(budget in each for budget, n in left.items() if n)
    return f"{'about' if known else 'at least'} {duration(seconds / settings.n_parallel)} left"


def _runs_left(state: SweepState, settings: Settings) -> dict[str, int]:
    """Runs that are still to be launched, by budget. The best configuration of a confirmation is taken to be another
    one than the baseline.
    """
    left = {"search": max(0, settings.n_trials - state.used)}
    wanted = settings.confirmation
    launched = Counter(trial.budget for trial in state.confirmations)
    for budget in wanted.budgets if wanted.n_seeds else ():
        owed = wanted.n_seeds * (2 + len(wanted.references)) - launched[budget]
        left[budget] = left.get(budget, 0) + max(0, owed)
    return left


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
