"""The beginning of a text that is too long for its place: whole sentences if one fits, else whole words."""

from __future__ import annotations

import re

CUT = " …"
_SENTENCES = re.compile(r"(?<=[.!?;]) ")


def excerpt(text: str, limit: int) -> str:
    """The text on one line within `limit` characters, with an ellipsis where it was cut. A single word that is longer
    is cut inside.
    """
    plain = " ".join(text.split())
    if len(plain) <= limit:
        return plain
    room = max(1, limit - len(CUT))
    sentences = _longest(_SENTENCES.split(plain), room)
    kept = sentences if len(sentences) >= limit / 2 else _longest(plain.split(" "), room)
    return (kept or plain[:room]) + CUT


def _longest(parts: list[str], room: int) -> str:
    """As many of the first parts, a space between each, as have room."""
    kept = ""
    for part in parts:
        longer = f"{kept} {part}" if kept else part
        if len(longer) > room:
            break
        kept = longer
    return kept
