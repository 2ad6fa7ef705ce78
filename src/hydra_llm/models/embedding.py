"""One learned vector per neuron, in which types can separate without any label."""

import torch
from torch import Tensor, nn


class NeuronEmbedding(nn.Module):
    """a [neuron, embedding_dim], small and random at the start: equal vectors would get equal gradients per type only
    through the data, small ones leave the functions nearly shared.
    """

    def __init__(self, n_neurons: int, embedding_dim: int, scale: float, generator: torch.Generator) -> None:
        super().__init__()
        self.scale = scale
        self.a = nn.Parameter(torch.empty(n_neurons, embedding_dim))
        self.reset(generator)

    @property
    def embedding_dim(self) -> int:
        return self.a.shape[1]

    def reset(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            self.a.copy_(self.scale * torch.randn(self.a.shape, generator=generator, dtype=torch.float64))

    def forward(self, u: Tensor) -> Tensor:
        """Features [..., neuron, 1 + embedding_dim] of states u [..., neuron]: the state beside its neuron's vector."""
        a = self.a.expand(*u.shape, self.embedding_dim)
        return torch.cat([u.unsqueeze(-1), a], dim=-1)
