"""Which settings can be run at all."""

from collections.abc import Mapping
from typing import Any

LARGEST_STEP = 0.5  # a descent that moves further per unit of slope overshoots on this loss


def bounded(values: Mapping[str, Any]) -> bool | str:
    """Momentum m adds steps up to 1 / (1 - m) of one; their sum must stay bounded. Plain descent has no momentum."""
    step = values["optimizer.learning_rate"] / (1.0 - values.get("optimizer.momentum", 0.0))
    if step <= LARGEST_STEP:
        return True
    return f"learning_rate / (1 - momentum) is {step:.3g}, at most {LARGEST_STEP:g} is stable. Lower one of them."
