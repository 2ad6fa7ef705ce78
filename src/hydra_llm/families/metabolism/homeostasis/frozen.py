"""Proof that a fit left parts of a network alone, bit for bit."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn

PHASE_1 = ("log_k", "S", "substrate")  # of a ReactionGNN: what phase 2 with frozen k must not touch


class Frozen:
    """Remembers the tensors below `parts`, switches their gradients off, and tells which ones moved."""

    def __init__(self, net: nn.Module, parts: Sequence[str] = PHASE_1) -> None:
        self._net, self._parts = net, tuple(parts)
        self._before = {name: tensor.detach().clone() for name, tensor in self._tensors()}
        if not self._before:
            raise ValueError(f"The network has no part named {' or '.join(parts)} to freeze.")
        for name, parameter in net.named_parameters():
            if name in self._before:
                parameter.requires_grad_(False)

    def check(self) -> None:
        """Raise RuntimeError if a tensor differs in any bit."""
        moved = [name for name, tensor in self._tensors() if not _same(tensor.detach(), self._before[name])]
        if moved:
            raise RuntimeError(
                f"Frozen parts of the network moved: {', '.join(moved)}. A phase changed what phase 1 had settled; "
                "its optimiser may hold their parameters."
            )

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, tensor in self._net.state_dict().items():
            if name.split(".")[0] in self._parts:
                yield name, tensor


def _same(now: torch.Tensor, before: torch.Tensor) -> bool:
    """Equal bits, wherever the fit has moved the network to."""
    return now.cpu().numpy().tobytes() == before.cpu().numpy().tobytes()
