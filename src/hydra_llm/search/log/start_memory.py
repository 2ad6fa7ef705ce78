"""A written memory that a study starts from: `instructions/<study>_memory.md`, or a file of one's own.

Markdown with headings of the second level. Three of them have a meaning, by their first word: under `Established ...`
each list item is a principle (G1, G2, ...) that trials can contradict, under `Open ...` (or `Key open ...`) each is an
open question, under `Block 1 plan` stands what the first block is for, shown while it runs. Everything else (context,
what is invalid, findings) is kept in its own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINES = 120  # of the free parts, in a memory of about 300 lines; what is cut says so
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+\.)\s+(.*)$")
_PLAN = re.compile(r"(?:block\s*1\s+)?plan|block\s*1\b", re.IGNORECASE)


@dataclass(frozen=True)
class StartMemory:
    """`free` holds (heading, lines) in order."""

    title: str = ""
    principles: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    free: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.principles or self.questions or self.plan or self.free)


def parse(text: str) -> StartMemory:
    """Never fails: what has no known heading is kept as it is."""
    title, sections = "", []
    heading, lines = "", []
    for line in text.splitlines():
        if line.startswith("# ") and not title:
            title = line[2:].strip()
        elif line.startswith("## "):
            sections.append((heading, lines))
            heading, lines = line[3:].strip(), []
        else:
            lines.append(line.rstrip())
    sections.append((heading, lines))
    principles, questions, plan, free = [], [], [], []
    for name, body in sections:
        lower = name.lower()
        if lower.startswith("established"):
            principles += items(body)
        elif lower.startswith(("open", "key open")):
            questions += items(body)
        elif name and _PLAN.match(name):
            plan += items(body)
        elif any(line.strip() for line in body):
            free.append((name or "Context", tuple(_trimmed(body))))
    return StartMemory(title, tuple(principles), tuple(questions), tuple(plan), tuple(free))


def items(lines: list[str]) -> list[str]:
    """List items, each with its continuation lines joined; a paragraph without a bullet is an item too."""
    found: list[str] = []
    open_item = False
    for line in lines:
        item = _ITEM.match(line)
        if item:
            found.append(item.group(1).strip())
            open_item = True
        elif not line.strip():
            open_item = False
        elif open_item:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.strip())
            open_item = True
    return found


def shortened(start: StartMemory) -> list[str]:
    """The free parts as Markdown lines, at most MAX_LINES of them."""
    lines: list[str] = []
    for heading, body in start.free:
        lines += [f"### {heading}", "", *body, ""]
    if len(lines) > MAX_LINES:
        left = len(lines) - MAX_LINES
        lines = [*lines[:MAX_LINES], f"(shortened: {left} more lines of the start memory)", ""]
    return lines


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines
