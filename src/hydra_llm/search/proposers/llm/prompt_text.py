"""Sections of a prompt, and what is left out when they are too long.

A section is a heading, fixed lines, rows in order of importance, and fixed lines again. Rows beyond `most` are always
dropped, those beyond `keep` where room is short, from the end; sections give up rows in the order of their `patience`,
lowest first. A section that lost rows says how many.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra_llm.llm.tokens import estimate_tokens
from hydra_llm.search.proposers.excerpt import excerpt

NEVER = 1_000  # the patience of a section that loses nothing
LAST_TO_GO = 90  # patience of tables of runs: prose goes before any row of a trial
MAX_LABEL = 60  # characters
MAX_QUOTED = 200  # characters
_FENCE_TAG = re.compile(r"<\s*/?\s*data", re.IGNORECASE)
_DROPPED_LINE = 24  # tokens of the line that says how much was left out


@dataclass(frozen=True)
class Section:
    name: str
    head: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    keep: int = 0
    most: int | None = None
    patience: int = NEVER
    dropped: int = 0

    @property
    def text(self) -> str:
        lines = [f"## {self.name}", *self.head, *self.rows]
        if self.dropped:
            lines.append(f"(left out for length: {self.dropped} more rows of this section)")
        return "\n".join([*lines, *self.foot])

    @property
    def spare(self) -> int:
        return 0 if self.patience >= NEVER else max(0, len(self.rows) - self.keep)

    def without(self, count: int) -> Section:
        count = min(count, len(self.rows))
        return replace(self, rows=self.rows[: len(self.rows) - count], dropped=self.dropped + count)

    def capped(self) -> Section:
        return self if self.most is None else self.without(max(0, len(self.rows) - self.most))


def fit(sections: Sequence[Section], limit: int) -> list[Section]:
    """The sections with as many rows dropped as needed to stay within `limit` tokens (estimated), and no more.

    What must stay may be longer than the limit; then everything that may go is gone.
    """
    fitted = [section.capped() for section in sections]
    excess = sum(estimate_tokens(section.text) + 1 for section in fitted) - limit
    for position in sorted(range(len(fitted)), key=lambda index: fitted[index].patience):
        if excess <= 0:
            break
        section = fitted[position]
        freed = count = 0
        while freed < excess + _DROPPED_LINE and count < section.spare:
            count += 1
            freed += estimate_tokens(section.rows[-count]) + 1
        if count:
            fitted[position] = section.without(count)
            excess -= estimate_tokens(section.text) - estimate_tokens(fitted[position].text)
    return fitted


def fence(text: str, source: str) -> str:
    """Text that comes from runs or files, marked as data: it can neither close its own fence nor open another."""
    return f'<data from="{source}">\n{_tamed(text).strip()}\n</data>'


def fenced(text: str, source: str) -> str:
    """The same for a sentence inside a line of ours, on that line and within MAX_QUOTED characters."""
    return f'<data from="{source}">{_tamed(excerpt(text, MAX_QUOTED))}</data>'


def _tamed(text: str) -> str:
    return _FENCE_TAG.sub(lambda found: "<\\" + found[0][1:], text)


def label(name: str) -> str:
    """A name that a run chose (of a metric, of a figure) as one plain word."""
    plain = "".join(character if character.isalnum() or character in "_-./ :" else "_" for character in name)
    return plain if len(plain) <= MAX_LABEL else plain[: MAX_LABEL - 1] + "…"


def tail(text: str, limit: int) -> str:
    """The last lines of a text within `limit` characters, whole lines where possible."""
    text = text.strip()
    if len(text) <= limit:
        return text
    cut = text[-limit:]
    return "…" + (cut.split("\n", 1)[1] if "\n" in cut else cut)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Head and rows of a Markdown table; bars and line breaks inside cells are replaced, and a row ends with its last
    cell that holds something.
    """
    head = (f"| {' | '.join(columns)} |", f"|{'-|' * len(columns)}")
    return head, tuple(map(_row, rows))


def _row(cells: Sequence[str]) -> str:
    plain = [" ".join(cell.replace("|", "/").split()) for cell in cells]
    last = max((place for place, cell in enumerate(plain) if cell), default=0)
    return f"| {' | '.join(plain[: last + 1])} |"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The last word of each key, where it is that key's own."""
    last = {name: name.rpartition(".")[2] for name in names}
    return {name: word if list(last.values()).count(word) == 1 else name for name, word in last.items()}
