"""All weights of a module as one vector in float64, for solvers that take steps in their space."""

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap


def flat(module: nn.Module) -> Tensor:
    """The weights [weight], in the order of parameters()."""
    return torch.cat([part.detach().double().reshape(-1) for part in module.parameters()])


def write(module: nn.Module, weights: Tensor) -> None:
    """Set the weights [weight], in the precision of the module."""
    with torch.no_grad():
        for name, part in _split(module, weights).items():
            module.get_parameter(name).copy_(part)


def outputs(module: nn.Module, weights: Tensor, x: Tensor) -> Tensor:
    """module(x) [point] at other weights, of a module with one output; x [point, input]."""
    return functional_call(module, _split(module, weights), (x,)).reshape(-1)


def jacobian(module: nn.Module, weights: Tensor, x: Tensor) -> Tensor:
    """Derivatives of these outputs [point, weight]."""
    return vmap(jacrev(lambda at, point: outputs(module, at, point[None])[0]), (None, 0))(weights, x)


def _split(module: nn.Module, weights: Tensor) -> dict[str, Tensor]:
    parts = dict(module.named_parameters())
    pieces = weights.split([part.numel() for part in parts.values()])
    return {name: piece.reshape(part.shape) for (name, part), piece in zip(parts.items(), pieces, strict=True)}
