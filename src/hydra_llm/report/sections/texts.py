"""Memory and protocol at each block's end, with what changed since the block before."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records.memory_text import memory_text

CONTEXT = 2  # unchanged lines around a change


@dataclass(frozen=True)
class TextLine:
    """`kind`: same, added, removed, or gap (lines left out)."""

    kind: str
    text: str


@dataclass(frozen=True)
class TextVersion:
    """`lines` is the difference to the block before, the whole text in the first block."""

    block: int
    name: str
    text: str
    lines: list[TextLine]
    added: int
    removed: int


def memories(sweep: Sweep) -> list[TextVersion]:
    """The memory as of each block's end."""
    return _chain("memory", [(record.index, _memory(sweep, record.index)) for record in sweep.state.blocks])


def _memory(sweep: Sweep, block: int) -> str:
    """The file that the sweep kept; it follows the application's log format, which the event log does not hold."""
    names = [f"memory/block_{block:03d}_memory.md"]
    if block == len(sweep.state.blocks):
        names.append("memory.md")
    for name in names:
        path = sweep.folder / name
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return memory_text(sweep.state, sweep.settings, block)


def protocols(sweep: Sweep) -> list[TextVersion]:
    """The protocol that each block ran under; blocks without one are left out."""
    versions = sweep.state.protocol_copy.versions
    return _chain("protocol", [(block, text) for block, text in versions.items() if text.strip()])


def _chain(name: str, texts: list[tuple[int, str]]) -> list[TextVersion]:
    found: list[TextVersion] = []
    for block, text in texts:
        before = found[-1].text if found else None
        lines = difference(before, text)
        added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
        found.append(TextVersion(block, name, text, lines, added, removed))
    return found


def difference(before: str | None, after: str) -> list[TextLine]:
    if before is None:
        return [TextLine("same", line) for line in after.splitlines()]
    old, new = before.splitlines(), after.splitlines()
    lines: list[TextLine] = []
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    reached = 0
    for group in groups:
        if group[0][1] > reached:
            lines.append(TextLine("gap", f"{group[0][1] - reached} unchanged lines"))
        for tag, i, j, k, m in group:
            if tag == "equal":
                lines += [TextLine("same", line) for line in old[i:j]]
            else:
                lines += [TextLine("removed", line) for line in old[i:j]]
                lines += [TextLine("added", line) for line in new[k:m]]
        reached = group[-1][2]
    if reached < len(old):
        lines.append(TextLine("gap", f"{len(old) - reached} unchanged lines"))
    return lines
