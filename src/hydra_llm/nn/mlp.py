"""A small multilayer perceptron with an optional linear path beside it.

The linear path lets a smooth network hold -u/tau exactly instead of spending its units on a straight line.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from hydra_llm.choice import check_choice

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU, "relu": nn.ReLU}


class MLP(nn.Module):
    """y = net(x) [+ l x], from n_in to n_out features through n_layers - 1 hidden layers."""

    def __init__(
        self,
        *,
        n_in: int,
        n_out: int,
        hidden_dim: int,
        n_layers: int,
        activation: str,
        linear_path: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        check_choice("activation", activation, ACTIVATIONS)
        if n_layers < 2 or hidden_dim < 1:
            raise ValueError(f"n_layers must be at least 2 and hidden_dim at least 1, got {n_layers} and {hidden_dim}.")
        widths = [n_in, *[hidden_dim] * (n_layers - 1), n_out]
        layers: list[nn.Module] = []
        for k, (fan_in, fan_out) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(fan_in, fan_out))
            if k < n_layers - 1:
                layers.append(ACTIVATIONS[activation]())
        self.net = nn.Sequential(*layers)
        self.linear = nn.Linear(n_in, n_out, bias=False) if linear_path else None
        self.reset(generator)

    def reset(self, generator: torch.Generator) -> None:
        """Draw all weights again: uniform within 1/sqrt(fan_in), as torch does, but from this generator."""
        with torch.no_grad():
            for layer in self.net:
                if isinstance(layer, nn.Linear):
                    bound = layer.in_features**-0.5
                    for values in (layer.weight, layer.bias):
                        drawn = torch.rand(values.shape, generator=generator, dtype=torch.float64)
                        values.copy_((2 * drawn - 1) * bound)
            if self.linear is not None:
                self.linear.weight.zero_()

    def forward(self, x: Tensor) -> Tensor:  # [..., n_in] -> [..., n_out]
        y = self.net(x)
        return y if self.linear is None else y + self.linear(x)
