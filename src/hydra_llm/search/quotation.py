"""Which entry of the memory a text refers to: by its name, or by quoting it."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST_QUOTE = 12  # characters of a part of an entry that count as quoting it


def named(text: str, texts: Mapping[str, str]) -> str | None:
    """The name of the entry (of `texts`, name -> text) that a text refers to: by its name at the start ("P3: ...",
    "[P3]"), or by quoting it.
    """
    found = re.match(r"[\s\"'\[(]*([PG]\d+)\b", text)
    if found and found.group(1) in texts:
        return found.group(1)
    quoted = plain(text)
    if not quoted:
        return None
    for name, words in texts.items():
        own = plain(words)
        if own and (own in quoted or (len(quoted) >= SHORTEST_QUOTE and quoted in own)):
            return name
    return None


def plain(text: str) -> str:
    """The words of a text without case and punctuation: two texts that say the same are equal."""
    return " ".join(word.strip(".") for word in re.sub(r"[^\w.+-]+", " ", text.lower()).split())
