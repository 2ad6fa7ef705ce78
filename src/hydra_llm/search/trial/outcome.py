"""How a job ended, as told to the study: a state, and a value or an error."""

from __future__ import annotations

import traceback as traceback_module
from dataclasses import dataclass, field
from typing import Any

from hydra_llm.search.trial.objective import MetricError, Objective
from hydra_llm.search.trial.trial import TrialError, TrialState

TAIL_CHARACTERS = 3000  # of a traceback: what a reader needs to see the cause


@dataclass(frozen=True)
class Outcome:
    """`value` is in the metric's unit; times are seconds since the epoch."""

    state: TrialState
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    error: TrialError | None = None
    folder: str = ""
    started: float | None = None
    ended: float | None = None


def from_result(result: Any, objective: Objective, **circumstances: Any) -> Outcome:
    """COMPLETED with the objective's value, or INVALID with a sentence on what is wrong with the return value."""
    try:
        value, metrics = objective.read(result)
    except MetricError as error:
        return Outcome(TrialState.INVALID, error=TrialError("MetricError", str(error)), **circumstances)
    return Outcome(TrialState.COMPLETED, value=value, metrics=metrics, **circumstances)


def error_of(exception: BaseException) -> TrialError:
    """Type, message and traceback tail of an exception."""
    text = "".join(traceback_module.format_exception(exception))
    return TrialError(type(exception).__name__, str(exception), text[-TAIL_CHARACTERS:])


def lost(reason: str, **circumstances: Any) -> Outcome:
    """No result was left, for a reason that lies outside the configuration as far as anybody knows."""
    return Outcome(TrialState.LOST, error=TrialError("LOST", reason), **circumstances)


def cancelled(reason: str, **circumstances: Any) -> Outcome:
    """A person or a scheduler took the job away."""
    return Outcome(TrialState.CANCELLED, error=TrialError("CANCELLED", reason), **circumstances)


def timed_out(limit_s: float, **circumstances: Any) -> Outcome:
    """Stopped at the time limit of a job."""
    error = TrialError("TIMEOUT", f"stopped after job_timeout_s={limit_s:g} s")
    return Outcome(TrialState.TIMEOUT, error=error, **circumstances)
