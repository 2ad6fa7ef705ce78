"""Memory and protocol at each block's end, with what changed since the block before."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from hydra_llm.search.reading import Sweep
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.snapshots import texts

CONTEXT = 2  # unchanged lines around a change


@dataclass(frozen=True)
class Line:
    """`kind`: same, added, removed, or gap (lines left out)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Snapshot:
    """`lines` is the difference to the block before, the whole text in the first block."""

    block: int
    name: str
    text: str
    lines: list[Line]
    added: int
    removed: int


def snapshots(sweep: Sweep, kind: str) -> list[Snapshot]:
    """`kind` is memory or protocol. Blocks that ran without one are left out."""
    policy = make_policy("greedy", None)  # the scores that a snapshot holds too are not shown here
    found: list[Snapshot] = []
    for record in sweep.state.blocks:
        own = texts(record, sweep.state, sweep.settings, policy)
        text = next((text for name, text in own.items() if name.startswith(f"{kind}/")), "")
        if not text.strip():
            continue
        before = found[-1].text if found else None
        lines = difference(before, text)
        found.append(
            Snapshot(
                record.index,
                kind,
                text,
                lines,
                sum(line.kind == "added" for line in lines) if before is not None else 0,
                sum(line.kind == "removed" for line in lines),
            )
        )
    return found


def difference(before: str | None, after: str) -> list[Line]:
    if before is None:
        return [Line("same", line) for line in after.splitlines()]
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    reached = 0
    for group in groups:
        if group[0][1] > reached:
            lines.append(Line("gap", f"{group[0][1] - reached} unchanged lines"))
        for tag, i, j, k, m in group:
            if tag == "equal":
                lines += [Line("same", line) for line in old[i:j]]
            else:
                lines += [Line("removed", line) for line in old[i:j]]
                lines += [Line("added", line) for line in new[k:m]]
        reached = group[-1][2]
    if reached < len(old):
        lines.append(Line("gap", f"{len(old) - reached} unchanged lines"))
    return lines
