"""Trials: what was proposed, what was launched, how it ended.

A trial is one run under one job number and never changes once told. Several trials of one configuration (replicates)
are one node of the tree; see tree.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from hydra_llm.search.trial.provenance import UNSTATED, Provenance

Purpose = Literal["search", "confirm"]


class TrialState(StrEnum):
    """How a trial stands. RUNNING is the only state that is left again."""

    RUNNING = "RUNNING"  # launched (or about to be), nothing told yet
    COMPLETED = "COMPLETED"  # a finite value
    INVALID = "INVALID"  # it returned, but no usable number: None, NaN, infinite, metric missing
    FAILED = "FAILED"  # the task raised
    LOST = "LOST"  # no result and no end: killed, out of memory, machine gone
    TIMEOUT = "TIMEOUT"  # stopped at its time limit
    CANCELLED = "CANCELLED"  # stopped by a person or the scheduler
    REJECTED = "REJECTED"  # never launched: it did not compose or broke the space; takes no number
    PRUNED = "PRUNED"  # stopped early by a rule

    @property
    def is_finished(self) -> bool:
        return self is not TrialState.RUNNING

    @property
    def is_bad(self) -> bool:
        """Finished without a score for a reason that lies in the configuration."""
        return self in (TrialState.INVALID, TrialState.FAILED, TrialState.TIMEOUT)


@dataclass(frozen=True)
class Change:
    """One parameter moved: the typed form of the log's `Mutation: key: old -> new`."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {_short(self.old)} -> {_short(self.new)}"


@dataclass(frozen=True)
class Prediction:
    """What a proposer expects of a trial: the interval that holds the metric with a chance of 80 %, in the metric's own
    unit, and the result that would refute it.
    """

    low: float
    high: float
    statement: str = ""
    refuted_if: str = ""


@dataclass(frozen=True)
class Proposal:
    """What a proposer wants to run in one slot.

    `parent` is the number of an earlier trial (its node is the parent), or None for a root. `values` is the complete
    configuration, every swept parameter included; `changes` says how it differs from the parent. `provenance` says who
    really proposed it. `principle` is the memory entry that the trial
    tries to break, by its name or quoted.
    """

    slot: int
    role: str
    strategy: str
    parent: int | None
    values: dict[str, Any]
    changes: tuple[Change, ...] = ()
    hypothesis: str = ""
    note: str = ""
    provenance: Provenance = UNSTATED
    prediction: Prediction | None = None
    principle: str = ""

    @property
    def mutation(self) -> str:
        """The changes as one line; "[none]" for a rerun without change."""
        return "; ".join(str(change) for change in self.changes) or "[none]"


@dataclass(frozen=True)
class TrialError:
    """Why a trial has no score: exception type (or state), message, last lines of the traceback."""

    type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True)
class Trial:
    """One run: number = Hydra's job number, block = tree it belongs to.

    `value` is the objective's value in the metric's own unit (not the score); `metrics` holds every finite number that
    the task returned; times are seconds since the epoch; `seeds` maps the seed keys to the values of this run.
    """

    number: int
    block: int
    proposal: Proposal
    state: TrialState = TrialState.RUNNING

    # ---- outcome ----
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    error: TrialError | None = None

    # ---- circumstances ----
    folder: str = ""
    started: float | None = None
    ended: float | None = None
    attempt: int = 1
    seeds: dict[str, int] = field(default_factory=dict)
    purpose: Purpose = "search"
    budget: str = "search"

    @property
    def values(self) -> dict[str, Any]:
        return self.proposal.values

    @property
    def duration(self) -> float | None:
        """Seconds of wall time, None while it runs."""
        return None if self.started is None or self.ended is None else self.ended - self.started


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
