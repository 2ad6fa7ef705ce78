"""Trials: what was proposed, what was launched, how it ended.

A trial is one run under one job number and never changes once told. Several trials of one configuration (replicates)
are one node of the tree; see tree.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hydra_llm.search.number_text import value_text
from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState
from hydra_llm.search.trial.provenance import UNSTATED, Provenance
from hydra_llm.search.trial.standing import Standing

Purpose = Literal["search", "promote", "confirm"]
PROMOTED: Purpose = "promote"  # the full recipe during the search


@dataclass(frozen=True)
class Change:
    """One parameter moved: the typed form of the log's `Mutation: key: old -> new`."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {value_text(self.old)} -> {value_text(self.new)}"


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
    recordings: tuple[
        int, ...
    ] = ()  # it names: the first is this run's, one more run each for the others; (): the next
    standing: Standing | None = None  # beside the choices of a Gaussian process, where its author was shown them

    def on(self, *recordings: int) -> Proposal:
        """The same, on these recordings."""
        return replace(self, recordings=recordings)

    @property
    def mutation(self) -> str:
        """The changes as one line; "[none]" for a rerun without change."""
        return "; ".join(str(change) for change in self.changes) or "[none]"


@dataclass(frozen=True)
class Trial:
    """One run: number = Hydra's job number, block = tree it belongs to.

    `outcome` is None while it runs; `launched` is the time of the latest launch, in seconds since the epoch; `seeds`
    maps the seed keys to the values of this run.
    """

    number: int
    block: int
    proposal: Proposal
    outcome: Outcome | None = None
    launched: float | None = None
    attempt: int = 1
    seeds: dict[str, int] = field(default_factory=dict)
    purpose: Purpose = "search"
    budget: str = "search"

    @property
    def values(self) -> dict[str, Any]:
        return self.proposal.values

    # ---- of the outcome; while it runs what is not known yet is None or empty ----
    @property
    def state(self) -> TrialState:
        return TrialState.RUNNING if self.outcome is None else self.outcome.state

    @property
    def value(self) -> float | None:
        return None if self.outcome is None else self.outcome.value

    @property
    def metrics(self) -> dict[str, float]:
        return {} if self.outcome is None else self.outcome.metrics

    @property
    def error(self) -> TrialError | None:
        return None if self.outcome is None else self.outcome.error

    @property
    def folder(self) -> str:
        return "" if self.outcome is None else self.outcome.folder

    @property
    def started(self) -> float | None:
        """When the job began, as far as it was told; else when it was launched."""
        return self.launched if self.outcome is None or self.outcome.started is None else self.outcome.started

    @property
    def ended(self) -> float | None:
        return None if self.outcome is None else self.outcome.ended

    @property
    def duration(self) -> float | None:
        """Seconds of wall time, None while it runs."""
        return None if self.started is None or self.ended is None else self.ended - self.started
