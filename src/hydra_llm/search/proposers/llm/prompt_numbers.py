"""Numbers as a table for a language model holds them: short, and exact where it matters."""

from __future__ import annotations

import math

from hydra_llm.search.context import Context
from hydra_llm.search.number_text import number

DIGITS = 4  # significant
NEAR_ONE = 0.9  # from here the digits of the distance to one count
MOST = 7  # digits after the point
LARGE = 100.0  # factor from which whole numbers are shown
MOST_DIGITS = 300  # of a factor that a float can hold


def short(value: float | None, missing: str = "-", digits: int = DIGITS) -> str:
    """So many significant digits; between 0.9 and 1 two digits of the distance to one: 0.99945, and not 0.9995."""
    if value is None:
        return missing
    size = abs(value)
    if not NEAR_ONE < size < 1.0:
        return number(float(value), digits)
    places = min(MOST, max(DIGITS, 1 - math.floor(math.log10(1.0 - size))))
    return f"{value:.{places}f}".rstrip("0")


def signed(value: float | None, missing: str = "-") -> str:
    """A difference, to two significant digits."""
    return missing if value is None else f"{value:+.2g}"


def change_text(context: Context, difference: float, scaled: float) -> str:
    """A difference of scores in the metric's unit; with a declared ceiling the factor of the distance to it, below 1
    for what is nearer.
    """
    return signed(context.objective.change_of_score(difference)) if context.ceiling is None else factor(-scaled)


def factor(digits: float) -> str:
    """A power of ten, with a digit more where it is near to 1."""
    found = 10.0 ** min(digits, MOST_DIGITS)
    if found < LARGE:
        return f"x{found:.{3 if 0.9 < found < 1.1 else 2}g}"
    return f"x{float(f'{found:.2g}'):g}"  # 200, and not 2e+02
