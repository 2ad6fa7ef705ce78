"""Whether a crash is that of proposed code."""

from __future__ import annotations

from hydra_llm.search.evolution.settings import BASE
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.trial.outcome import TrialError, TrialState
from hydra_llm.search.trial.trial import Trial


def is_to_blame(error: TrialError, source: str) -> bool:
    """Whether the traceback of an error passes through the file `source` (PATH@REVISION), or its message names it."""
    return source in error.traceback or source in error.message


def crashed(state: SweepState, key: str, source_of: dict[str, str]) -> list[Trial]:
    """The first crash of every revision that nobody has mended, given up or seen complete."""
    found: dict[str, Trial] = {}
    done: set[str] = set()
    for trial in state.search_trials():
        name = trial.values.get(key, BASE)
        if name not in state.code.revisions:
            continue
        if trial.state is TrialState.COMPLETED:
            done.add(name)
        to_blame = trial.error is not None and is_to_blame(trial.error, source_of[name])
        if trial.state is TrialState.FAILED and to_blame:
            found.setdefault(name, trial)
    return [
        trial
        for name, trial in found.items()
        if name not in done and name not in state.code.given_up and not state.code.is_repaired(name)
    ]
