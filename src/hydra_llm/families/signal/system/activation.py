"""The activation phi of a rate network, by its name."""

from collections.abc import Callable

import torch
from torch import Tensor

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """phi by its name. An unknown word is an error, never a default."""
    if name not in _ACTIVATIONS:
        raise ValueError(f"phi={name!r} is not an activation of this system. Choose one of: {', '.join(_ACTIVATIONS)}.")
    return _ACTIVATIONS[name]
