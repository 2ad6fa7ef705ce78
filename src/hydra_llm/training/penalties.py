"""Penalties of a gradient fit: which ones act is said by their coefficients in conf/training."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

Penalty = Callable[[Any, Tensor], Tensor]  # network, states [batch, unit] -> scalar


def penalties_of(training: object, kinds: Mapping[str, Callable[[float], Penalty]]) -> tuple[Penalty, ...]:
    """The penalties whose coefficient is above zero. kinds: name of the coefficient in training -> its penalty.

    Raises ValueError for a negative coefficient.
    """
    coefficients = {name: getattr(training, name) for name in kinds}
    for name, coeff in coefficients.items():
        if coeff < 0:
            raise ValueError(f"training.{name} must be at least 0, got {coeff}.")
    return tuple(kinds[name](coeff) for name, coeff in coefficients.items() if coeff > 0)
