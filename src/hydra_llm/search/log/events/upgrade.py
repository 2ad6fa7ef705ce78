"""Logs of earlier layouts, converted to the present one: a function per step, each on JSON objects in the log's order.

A sweep that an earlier program began and a later one took up holds lines of both, so a step leaves alone what is in its
own layout already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hydra_llm.search.trial.provenance import Provenance

Lines = list[dict[str, Any]]

SCHEMA_VERSION = 2


def written_for(lines: Lines) -> int:
    """The latest layout that any session wrote."""
    return max((line.get("schema", 1) for line in lines if line.get("type") in ("header", "session")), default=1)


def upgrade(lines: Lines) -> Lines:
    """Lines of any layout that this program knows, in the present one."""
    for step in STEPS[max(0, lines[0].get("schema", 1) - 1) :] if lines else ():
        lines = step(lines)
    return lines


def _to_2(lines: Lines) -> Lines:
    """A provenance is an object and no longer the text that it is shown by; a note says in which block it stands."""
    block, found = 0, []
    for line in lines:
        kind = line.get("type")
        if kind == "block":
            block = line.get("index", block)
        elif kind == "note":
            line = {"block": block, **line}
        elif kind == "rejected":
            line = _with_provenance(line)
        elif kind == "asked":
            trials = line.get("trials")
            if isinstance(trials, list | tuple):
                line = {**line, "trials": [_with_provenance(trial) for trial in trials]}
        found.append(line)
    return found


def _with_provenance(line: Any) -> Any:
    """What is no proposal stays as it is, for the check of its type."""
    proposal = line.get("proposal") if isinstance(line, dict) else None
    who = proposal.get("provenance", "") if isinstance(proposal, dict) else None
    if not isinstance(line, dict) or not isinstance(proposal, dict) or not isinstance(who, str):
        return line
    return {**line, "proposal": {**proposal, "provenance": asdict(Provenance.of_text(who))}}


STEPS: tuple[Callable[[Lines], Lines], ...] = (_to_2,)
