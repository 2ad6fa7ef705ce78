"""The life of a trial: proposed and refused, or asked, launched, and told or lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search.log.events.base import Event, TimedEvent
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import Proposal, Purpose


@dataclass(frozen=True)
class Rejection(Event):
    """A proposal that was never launched, and why; `key` is the identity of its configuration, "" if it has none."""

    type: ClassVar[str] = "rejected"
    block: int
    key: str
    proposal: Proposal
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class AskedTrial:
    number: int
    proposal: Proposal
    seeds: dict[str, int]
    purpose: Purpose = "search"
    budget: str = "search"


@dataclass(frozen=True)
class Asked(TimedEvent):
    """A batch. `spent` is what a language model has used by then, None if that is not counted."""

    type: ClassVar[str] = "asked"
    block: int
    trials: tuple[AskedTrial, ...]
    spent: TotalUsage | None = None

    @property
    def is_search(self) -> bool:
        return any(trial.purpose == "search" for trial in self.trials)


@dataclass(frozen=True)
class Launched(TimedEvent):
    """Written before the jobs start."""

    type: ClassVar[str] = "launched"
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Lost(TimedEvent):
    """A launch left no result, and the trial is to be run again under its number; `charged` False: as if it had never
    been launched; `alone`: beside no other trial of its batch.
    """

    type: ClassVar[str] = "lost"
    number: int
    reason: str
    charged: bool = True
    alone: bool = False


@dataclass(frozen=True)
class Told(Event):
    type: ClassVar[str] = "told"
    number: int
    outcome: Outcome

    @property
    def moment(self) -> float | None:
        return self.outcome.ended
