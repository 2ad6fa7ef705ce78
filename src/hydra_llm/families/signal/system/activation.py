"""The activation phi of a rate network, by its name."""

from collections.abc import Callable

import torch
from torch import Tensor

from hydra_llm.choice import check_choice

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """phi by its name. An unknown word is an error, never a default."""
    check_choice("phi", name, _ACTIVATIONS)
    return _ACTIVATIONS[name]
