"""Code that a sweep may change: from the options to a parameter of the space, a workspace, and who proposes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_llm.code.errors import CodeError
from hydra_llm.code.rules import Rules
from hydra_llm.code.source import Source
from hydra_llm.code.workspace import Workspace
from hydra_llm.keys.sweeper import CODE
from hydra_llm.llm.factory import build_client, can_be_asked
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.evolution.author import Author
from hydra_llm.search.evolution.evolution import Evolution
from hydra_llm.search.evolution.reviewer import FileReviewer, NoReviewer, Reviewer, TerminalReviewer
from hydra_llm.search.evolution.settings import BASE, IN_SEQUENCE, IN_SLOTS, NAMES, CodeSettings
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.space.dimension import Revision
from hydra_llm.sweeper.errors import SweepError

REVIEWERS: dict[str, Callable[[], Reviewer]] = {"auto": NoReviewer, "file": FileReviewer, "ask": TerminalReviewer}


@dataclass(frozen=True)
class SweptCode:
    """The file that a sweep may change: its revisions, the key that takes PATH@REVISION, the test that it must pass."""

    workspace: Workspace
    key: str
    interface_test: str

    def told(self, name: str) -> str:
        """What a job reads the revision `name` by."""
        return str(self.workspace.source(self.workspace.resolved(name)))


def declared_code(options: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any] | None:
    """path, key and interface_test, those of hydra.sweeper.code before those of search.code; None where no code is to
    be changed. Raises SweepError for one that is missing.
    """
    if not options["code_evolution"].get("enabled"):
        return None
    own = {name: value for name, value in options["code"].items() if value is not None}
    found = {**dict.fromkeys(CODE), **(node.get("code") or {}), **own}
    unknown = sorted(set(found) - set(CODE))
    if unknown:
        raise SweepError(f"A key of search.code must be one of {', '.join(CODE)}, got search.code.{unknown[0]}.")
    for name in ("path", "key"):
        if not found[name]:
            raise SweepError(
                f"hydra.sweeper.code_evolution.enabled=true needs hydra.sweeper.code.{name} (or search.code.{name}): "
                f"{CODE[name].help}."
            )
    return found


def revision_parameter(code: Mapping[str, Any]) -> Revision:
    """The parameter of the space whose value names a revision."""
    return Revision(name=code["key"], choices=(BASE, *NAMES), default=BASE, help="revision of the code")


def open_code(code: Mapping[str, Any], sweep: Path) -> SweptCode:
    """Raises SweepError for a file that cannot be read or breaks the rules itself, and where git is missing."""
    path = Path(str(code["path"]))
    try:
        text = Source(path).text()
        if problems := Rules().problems(text):
            raise CodeError(f"{path} breaks the rules of docs/strategies.md itself. {' '.join(problems)}")
        return SweptCode(Workspace.open(sweep, path.name, text), code["key"], code["interface_test"] or "")
    except CodeError as error:
        raise SweepError(str(error)) from None


def make_evolution(
    options: Mapping[str, Any], code: SweptCode, proposer: Proposer, rules: Collection[str] = ()
) -> Evolution:
    """Who proposes code. The model that proposes parameters is asked, or the one of hydra.sweeper.llm.

    rules: names that code_evolution.when may have.
    """
    if isinstance(proposer, LlmProposer):
        client = proposer.client
    else:
        llm = LlmSettings.of(options["llm"])
        available, why = can_be_asked(llm)
        if not available:
            raise SweepError(
                f"hydra.sweeper.code_evolution.enabled=true needs a language model, and {why}. Set hydra.sweeper.llm, "
                "or leave code_evolution out."
            )
        client = build_client(llm, code.workspace.folder.parent / "transcripts")
    asked = options["code_evolution"]
    when = tuple(asked.get("when") or ())
    if unknown := [name for name in when if name not in rules]:
        known = ", ".join(rules) or "none: this sweep has no protocol and no search.focus"
        raise SweepError(f"hydra.sweeper.code_evolution.when must name rules of the sweep ({known}), got {unknown[0]}.")
    repairs = asked.get("max_repair_attempts")
    in_slots = options["n_parallel"] > 1
    settings = CodeSettings(
        key=code.key,
        interface_test=code.interface_test,
        every=asked.get("every"),
        max_repairs=(IN_SLOTS if in_slots else IN_SEQUENCE) if repairs is None else repairs,
        test_seconds=asked.get("test_seconds") or 60.0,
        test_megabytes=asked.get("test_megabytes") or 2000,
        prefix=tuple(options["prefix"] or ()),
        when=when,
    )
    reviewer = _reviewer(asked.get("review") or "auto")
    return Evolution(Author(settings, code.workspace, client, reviewer, time.time))


def _reviewer(name: str) -> Reviewer:
    """Raises SweepError where a person is to be asked and there is no terminal."""
    if name == "ask" and not sys.stdin.isatty():
        raise SweepError(
            "hydra.sweeper.code_evolution.review=ask asks a person before code runs, and standard input is no terminal "
            "here. Start the sweep in a terminal, or choose review=file, which waits for a file instead."
        )
    return REVIEWERS[name]()
