"""W before any fit: a value per edge, from `scale`, the number of edges and a generator."""

import torch
from torch import Generator, Tensor


def normal(scale: float, n_edges: int, generator: Generator) -> Tensor:
    """N(0, scale^2)."""
    return (scale * torch.randn(n_edges, generator=generator, dtype=torch.float64)).float()


def normal_by_edges(scale: float, n_edges: int, generator: Generator) -> Tensor:
    """N(0, scale^2 / n_edges), as published."""
    return (scale * torch.randn(n_edges, generator=generator, dtype=torch.float64) / n_edges**0.5).float()


def zeros(scale: float, n_edges: int, generator: Generator) -> Tensor:
    """Nothing is drawn."""
    return torch.zeros(n_edges)
