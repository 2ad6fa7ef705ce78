"""How a trial ended, as told to the study: a state, and a value or an error."""

from __future__ import annotations

import traceback as traceback_module
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hydra_llm.choice import check_choice
from hydra_llm.printable import printable
from hydra_llm.search.trial.objective import MetricError, Objective
from hydra_llm.search.trial.objectives import Objectives

TAIL_CHARACTERS = 3000  # of a traceback: what a reader needs to see the cause
MESSAGE_CHARACTERS = 2000  # of a message


class TrialState(StrEnum):
    """How a trial stands. RUNNING is the only state that is left again."""

    RUNNING = "RUNNING"  # launched (or about to be), nothing told yet
    COMPLETED = "COMPLETED"  # a finite value
    INVALID = "INVALID"  # it returned, but no usable number: None, NaN, infinite, metric missing
    FAILED = "FAILED"  # the task raised
    LOST = "LOST"  # no result and no end, as often as it was run: killed, out of memory, machine gone
    TIMEOUT = "TIMEOUT"  # stopped at its time limit
    CANCELLED = "CANCELLED"  # stopped by a person or the scheduler
    REJECTED = "REJECTED"  # never launched: it did not compose or broke the space; takes no number
    PRUNED = "PRUNED"  # stopped early by a rule

    @property
    def is_finished(self) -> bool:
        return self is not TrialState.RUNNING

    @property
    def is_bad(self) -> bool:
        """Finished without a score for a reason that lies in the configuration, as far as anybody can tell: one that is
        LOST as often as it runs takes too much memory, most of the time.
        """
        return self in (TrialState.INVALID, TrialState.FAILED, TrialState.TIMEOUT, TrialState.LOST)


@dataclass(frozen=True)
class TrialError:
    """Why a trial has no score: exception type (or state), message, last lines of the traceback; all as printable
    text.
    """

    type: str
    message: str
    traceback: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message)[:MESSAGE_CHARACTERS])
        object.__setattr__(self, "traceback", printable(self.traceback)[-TAIL_CHARACTERS:])

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True)
class Outcome:
    """`value` is the objective's in the metric's own unit (not the score); `metrics` holds every finite number that the
    task returned; times are seconds since the epoch. The state may be given as text. Raises ValueError for one that no
    trial ends in.
    """

    state: TrialState
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    error: TrialError | None = None
    folder: str = ""
    started: float | None = None
    ended: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.state, TrialState):
            check_choice("The state of an outcome", self.state, TrialState)
            object.__setattr__(self, "state", TrialState(self.state))
        if not self.state.is_finished:
            raise ValueError(f"An outcome must have a state of trials that ended, got {self.state}.")


def from_result(result: Any, objective: Objective | Objectives, **circumstances: Any) -> Outcome:
    """COMPLETED with the objective's value, or INVALID with a sentence on what is wrong with the return value. With
    several objectives they stand among the metrics, and the value is for the state of the sweep to say.
    """
    try:
        value, metrics = objective.read(result)
    except MetricError as error:
        described = TrialError(type(error).__name__, str(error))
        return Outcome(TrialState.INVALID, metrics=error.finite, error=described, **circumstances)
    return Outcome(TrialState.COMPLETED, value=value, metrics=metrics, **circumstances)


def outcome_of(result: Any, objective: Objective | Objectives) -> Outcome:
    """How a task ended that returned this, or raised it."""
    if isinstance(result, BaseException):
        return Outcome(TrialState.FAILED, error=error_of(result))
    return from_result(result, objective)


def error_of(exception: BaseException) -> TrialError:
    """Type, message and traceback tail of an exception."""
    text = "".join(traceback_module.format_exception(exception))
    return TrialError(type(exception).__name__, error_text(exception), text)


def error_text(exception: BaseException) -> str:
    """What an exception says, also of one whose own text fails."""
    try:
        return str(exception)
    except Exception as broken:
        return f"(its text cannot be shown: {type(broken).__name__})"


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
