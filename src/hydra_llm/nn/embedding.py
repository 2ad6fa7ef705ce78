"""One learned vector per neuron, in which types can separate without any label."""

import torch
from torch import Tensor, nn


class NeuronEmbedding(nn.Module):
    """a [neuron, embedding_dim], small and random at the start: equal vectors would get equal gradients per type only
    through the data, small ones leave the functions nearly shared. center: their mean at the start.
    """

    def __init__(
        self, n_neurons: int, embedding_dim: int, scale: float, generator: torch.Generator, center: float = 0.0
    ) -> None:
        super().__init__()
        self.scale, self.center = scale, center
        self.a = nn.Parameter(torch.empty(n_neurons, embedding_dim))
        self.reset(generator)

    @property
    def embedding_dim(self) -> int:
        return self.a.shape[1]

    def reset(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            drawn = torch.randn(self.a.shape, generator=generator, dtype=torch.float64)
            self.a.copy_(self.center + self.scale * drawn)

    def forward(self, u: Tensor) -> Tensor:
        return beside(u, self.a)


def beside(u: Tensor, a: Tensor) -> Tensor:
    """Features [..., neuron, 1 + embedding_dim]: states u [..., neuron] beside their neurons' vectors a."""
    return torch.cat([u.unsqueeze(-1), a.expand(*u.shape, a.shape[-1])], dim=-1)
