"""Text of a model or of an error as one line of a log."""

from __future__ import annotations

MAX_TEXT = 400  # characters kept of a hypothesis or a reason


def one_line(text: str, limit: int = MAX_TEXT) -> str:
    """The text in printable characters, on one line, of bounded length."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    plain = " ".join(printable.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
