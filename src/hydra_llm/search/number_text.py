"""Numbers as people and language models read them; every text rounds here."""

from __future__ import annotations

from typing import Any


def value_text(value: Any, digits: int = 4) -> str:
    """A parameter's value: floats to that many significant digits, everything else as it is."""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def number(value: Any, digits: int = 4, missing: str = "-") -> str:
    """A measured number to that many significant digits; what is no number as it is, None as `missing`."""
    if value is None:
        return missing
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.{digits}g}"


def percent(share: float | None, missing: str = "-") -> str:
    """A share in whole percent."""
    return missing if share is None else f"{100 * share:.0f} %"
