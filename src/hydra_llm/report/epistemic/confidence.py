"""Confidence in a principle, computed from counts instead of stated by its author.

min(100, 30 + 5 log2(n_confirmed + 1) + 10 log2(n_alternatives_rejected + 1) + 15 n_blocks) in per cent, minus 15 where
all of it comes from a single regime, and at most 85 where repeated runs were seen to vary. The formula is that of the
published analyses of such searches; it is a rule of thumb and no probability.
"""

from __future__ import annotations

import math

BASE, PER_CONFIRMATION, PER_REJECTION, PER_BLOCK = 30.0, 5.0, 10.0, 15.0
SINGLE_REGIME, VARIANCE_CAP, MOST = 15.0, 85.0, 100.0
LEVELS = ((90.0, "very high"), (75.0, "high"), (60.0, "medium"))


def confidence(
    n_confirmed: int, n_rejected: int, n_blocks: int, *, variance_seen: bool = False, single_regime: bool = False
) -> float:
    """Per cent. `n_confirmed` runs for the principle, `n_rejected` alternatives that were falsified, `n_blocks` blocks
    with support.
    """
    value = BASE + PER_CONFIRMATION * math.log2(n_confirmed + 1) + PER_REJECTION * math.log2(n_rejected + 1)
    value = min(MOST, value + PER_BLOCK * n_blocks)
    if single_regime:
        value -= SINGLE_REGIME
    return min(value, VARIANCE_CAP) if variance_seen else value


def level(value: float) -> str:
    return next((word for limit, word in LEVELS if value >= limit), "low")
