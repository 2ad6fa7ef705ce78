"""The revisions of the code of a sweep as a tree, each with its change and with what its runs say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hydra_llm.code.errors import CodeError
from hydra_llm.code.workspace import Workspace
from hydra_llm.report.sections.texts import TextLine, difference
from hydra_llm.search.evolution.settings import BASE
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.revisions import RevisionEvidence, evidence


@dataclass(frozen=True)
class Program:
    """depth: changes between it and the code that the sweep started from. value: mean of its best configuration, in
    the metric's unit. lines: its difference to the revision that it was made of.
    """

    evidence: RevisionEvidence
    depth: int
    value: float | None
    runs: int
    lines: list[TextLine]
    added: int
    removed: int


def programs(sweep: Sweep) -> list[Program]:
    """Every revision right below the one that it was made of, older ones first; [] without a change of code."""
    known = evidence(sweep.state)
    if not known:
        return []
    texts = {BASE: _first_text(sweep), **{seen.revision.name: seen.revision.text for seen in known}}
    return [_program(sweep, seen, depth, texts) for seen, depth in _below(known, BASE, 1)]


def _below(known: list[RevisionEvidence], name: str, depth: int) -> Iterator[tuple[RevisionEvidence, int]]:
    for seen in known:
        if seen.revision.made_of == name:
            yield seen, depth
            yield from _below(known, seen.revision.name, depth + 1)


def _program(sweep: Sweep, seen: RevisionEvidence, depth: int, texts: dict[str, str | None]) -> Program:
    lines = difference(texts[seen.revision.made_of], seen.revision.text)
    mean = None if seen.best is None else seen.best.mean
    value = None if mean is None else sweep.settings.objective.value_of_score(mean)
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
    return Program(seen, depth, value, 0 if seen.best is None else len(seen.best.scores), lines, added, removed)


def _first_text(sweep: Sweep) -> str | None:
    """The code that the sweep started from: in its repository, and not in its log. None where that is gone."""
    try:
        workspace = Workspace.found(sweep.folder)
        return workspace.text(workspace.first)
    except CodeError:
        return None
