"""Revisions of a file of code: made, refused before any run, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hydra_llm.search.log.events.base import TimedEvent


@dataclass(frozen=True)
class CodeRevision(TimedEvent):
    """A revision that passed its checks. `name` (r1, r2, ...) is its value in a configuration, `revision` git's;
    `made_of` is the name of the revision that it changes, `repairs` that of the one whose crash it mends, "" for a new
    idea. `digest` is that of its syntax tree, `number` the trial that was decided next, `waits` whether a person has to
    see it first.
    """

    type: ClassVar[str] = "code"
    name: str
    revision: str
    made_of: str
    parent: int
    text: str
    digest: str
    hypothesis: str
    rationale: str
    by: str
    block: int
    number: int
    repairs: str = ""
    attempts: int = 1  # answers that it took
    waits: bool = False


@dataclass(frozen=True)
class CodeReview(TimedEvent):
    """A person looked at a revision that waited."""

    type: ClassVar[str] = "code_review"
    name: str
    accepted: bool
    reason: str = ""


@dataclass(frozen=True)
class CodeRefusal(TimedEvent):
    """No answer passed the checks, or none came. `digests` are the syntax trees that are not to be tried again;
    `repairs` as above.
    """

    type: ClassVar[str] = "code_refused"
    reasons: tuple[str, ...]
    digests: tuple[str, ...]
    block: int
    number: int
    repairs: str = ""


@dataclass(frozen=True)
class CodeGivenUp(TimedEvent):
    """A crash of these revisions, the first idea and its repairs, is not mended: none of them runs again."""

    type: ClassVar[str] = "code_given_up"
    names: tuple[str, ...]
    reason: str
    number: int
