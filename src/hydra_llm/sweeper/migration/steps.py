"""Ranges with a step, as an ordered list of values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hydra_llm.sweeper.errors import SweepError

MOST = 1000  # values of one parameter


def spaced(low: float, high: float, step: float) -> dict[str, Any]:
    """Both ends included where the step meets them; in decimal numbers, so that 0.1 steps to 0.3. Raises SweepError for
    a step that is not above 0, or too small to list.
    """
    first, last, by = (Decimal(str(number)) for number in (low, high, step))
    if by <= 0 or (last - first) / by >= MOST:
        raise SweepError(
            f"The step between {low} and {high} must be above 0 and leave at most {MOST} values, got {step}. Without a "
            "step, every value in between is searched."
        )
    values = [first + by * k for k in range(int((last - first) / by) + 1)]
    whole = all(isinstance(number, int) for number in (low, high, step))
    return {"type": "choice", "ordered": True, "choices": [int(v) if whole else float(v) for v in values]}
