"""Whether it is a trial's turn: asked for, then launched, then told, each once. What is not is a ValueError with one
sentence.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.trial.trial import Trial


def asked_trial(state: SweepState, number: Any) -> Trial:
    """The trial of that number."""
    if isinstance(number, Trial):
        raise ValueError(f"The number of a trial is needed, got the trial itself. Give trial.number, {number.number}.")
    if not isinstance(number, Integral) or number not in state.trials:
        known = f"from 0 to {max(state.trials)}" if state.trials else "none"
        raise ValueError(f"Trial {number!r} was never asked for. The numbers of those that were: {known}.")
    return state.trials[int(number)]


def check_waiting(state: SweepState, trials: Any) -> None:
    """Whether these can be launched now."""
    if not isinstance(trials, list | tuple) or not all(isinstance(trial, Trial) for trial in trials):
        raise ValueError(f"launched takes the list of trials that ask gave, got {trials!r}.")
    seen: set[int] = set()
    for trial in trials:
        known = asked_trial(state, trial.number)
        if known.state.is_finished:
            raise ValueError(f"Trial {known.number} was already told as {known.state}. Launch what ask gives.")
        if known.number in seen or known.number not in state.waiting:
            raise ValueError(
                f"Trial {known.number} was launched already. Call launched once for what ask gave, and before asking "
                "again: until then ask gives the same trials."
            )
        seen.add(known.number)


def check_running(state: SweepState, trial: Trial) -> None:
    """Whether it can be put back into the queue."""
    if trial.number not in state.running:
        raise ValueError(
            f"Trial {trial.number} does not run, so it cannot be lost or put back. Call launched before it starts."
        )
