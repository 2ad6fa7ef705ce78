"""The best code that a sweep found, as a file that stands by itself: its evidence as a comment, then the code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from hydra_llm.atomic_write import write_text
from hydra_llm.report.errors import ExportError
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.number_text import value_text
from hydra_llm.search.records.revisions import CodeGain, RevisionEvidence, code_key, evidence

WIDTH = 110


def to_strategy(sweep: Sweep, path: Path) -> Path:
    """Write the code of the best trial. Raises ExportError where that is the code that the sweep started from, and
    where the path is no Python file.
    """
    if path.suffix != ".py":
        raise ExportError(f"--strategy must name a Python file (ending in .py), got {path}.")
    write_text(path, strategy_text(sweep))
    return path


def strategy_text(sweep: Sweep) -> str:
    key, best = code_key(sweep.settings.space), sweep.state.best()
    if key is None:
        raise ExportError(f"{sweep.folder} is a sweep that changed no code; --strategy has nothing to write.")
    if best is None:
        raise ExportError(f"No trial of {sweep.folder} has a value yet, so no code is the best.")
    known = {seen.revision.name: seen for seen in evidence(sweep.state)}
    name = str(best.values.get(key))
    if name not in known:
        raise ExportError(
            f"The best trial of {sweep.folder}, trial {best.number}, runs the code that the sweep started from. "
            "None of its changes was better."
        )
    seen = known[name]
    comment = [line for part in _header(sweep, key, seen, known) for line in _comment(part)]
    return "\n".join([*comment, "", seen.revision.text])


def _header(sweep: Sweep, key: str, seen: RevisionEvidence, known: dict[str, RevisionEvidence]) -> Iterator[str]:
    objective, revision = sweep.settings.objective, seen.revision
    yield revision.hypothesis
    yield ""
    task = f" of {sweep.settings.task}" if sweep.settings.task else ""
    yield f"Revision {revision.name} ({revision.revision[:12]}) of a sweep{task}, proposed by {revision.by}."
    assert seen.best is not None  # it is the best trial's
    assert seen.best.mean is not None
    runs = len(seen.best.scores)
    value = value_text(objective.value_of_score(seen.best.mean))
    yield f"Its best configuration, trial {seen.best.id}: {objective.name} {value} over {runs} run{'s' * (runs != 1)}."
    if seen.alone is not None:
        yield f"The code alone, at the parameters of trial {revision.parent}: {_gain(objective.name, seen.alone)}."
    if seen.taken_back is not None:
        yield f"At the parameters of its best configuration: {_gain(objective.name, seen.taken_back)}."
    yield "These values were selected on. A confirmation on fresh seeds is not: see the report of the sweep."
    yield "Parameters beside it: " + _parameters(sweep, key, seen)
    yield "What it is made of:"
    for link in _lineage(revision.name, known):
        yield f"  {link.revision.name}: {link.revision.hypothesis}"


def _lineage(name: str, known: dict[str, RevisionEvidence]) -> list[RevisionEvidence]:
    """From the first change to this one."""
    found: list[RevisionEvidence] = []
    while name in known:
        found.insert(0, known[name])
        name = known[name].revision.made_of
    return found


def _gain(metric: str, one: CodeGain) -> str:
    number = f"{one.recordings} recording{'s' * (one.recordings != 1)}"
    return f"{metric} {one.change:+.3g} against trial {one.trial}, which differs in the code alone ({number})"


def _parameters(sweep: Sweep, key: str, seen: RevisionEvidence) -> str:
    assert seen.best is not None
    space = sweep.settings.space
    moved = [name for name in space.changed(space.baseline(), seen.best.values) if name != key]
    return " ".join(f"{name}={value_text(seen.best.values[name])}" for name in moved) or "those of the baseline."


def _comment(text: str) -> list[str]:
    wrapped = textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [f"# {line}".rstrip() for line in wrapped or [""]]
