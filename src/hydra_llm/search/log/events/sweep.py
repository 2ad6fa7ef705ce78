"""A sweep begins, a session opens, a session ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.events.base import TimedEvent
from hydra_llm.search.trial.objective import Direction
from hydra_llm.search.trial.objectives import Objectives


@dataclass(frozen=True)
class Header(TimedEvent):
    """What the sweep is, the same in all its sessions; the first line of a log. `space` and `block_space` are the
    declarations of Space.spec; `identity` is what else tells this sweep from another one.
    """

    type: ClassVar[str] = "header"
    schema: int
    argv: tuple[str, ...]
    versions: dict[str, str]
    space_hash: str
    space: list[dict[str, Any]]
    block_space: list[dict[str, Any]] | None
    metric: str | None
    direction: Direction
    target: float | None
    seed: int = 0
    seed_keys: tuple[str, ...] = ()
    identity: dict[str, Any] = field(default_factory=dict)
    objectives: Objectives | None = None  # several at once; metric and direction are of their scalar then


@dataclass(frozen=True)
class SessionSettings:
    """What a reader of the log needs beside the header; it may change from session to session. 0 and "": not told."""

    task: str = ""
    n_trials: int = 0
    n_iter_block: int = 0
    n_parallel: int = 0
    reward: str = ""
    selection: str = ""
    thresholds: Thresholds | None = None
    pruning: str | None = None  # the rule's name
    ceiling: float | None = None  # best value that the metric can have


@dataclass(frozen=True)
class Session(TimedEvent):
    """A command took the sweep up, in the layout `schema` from here on."""

    type: ClassVar[str] = "session"
    argv: tuple[str, ...]
    proposer: str
    settings: SessionSettings = SessionSettings()
    schema: int = 1


@dataclass(frozen=True)
class Finished(TimedEvent):
    """A session ended in order; more trials may be granted later."""

    type: ClassVar[str] = "finished"
    reason: str
