"""Synaptic weight matrices of random rate networks.

W[i, j] is the weight of the synapse from neuron j (source) onto neuron i (target), so that W @ phi(u) is the input.
A sampler draws a dense matrix; Dale, Sparse and ZeroDiagonal wrap a sampler and change what it drew.
Chaotic networks: Sompolinsky, Crisanti & Sommers (1988). Low rank: Mastrogiuseppe & Ostojic (2018).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor


class Connectivity(Protocol):
    """Draws W [n, n] (target, source). Draws are made in float64, so that dtype rounds W and changes nothing else."""

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor: ...


@dataclass(frozen=True)
class Gaussian:
    """W_ij ~ N(0, 1) / sqrt(n): spectral radius near 1, chaotic for a gain above 1."""

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        return (_normal((n, n), generator) / n**0.5).to(dtype)


@dataclass(frozen=True)
class LowRank:
    """W = U V / sqrt(rank n) with standard normal factors: entries of variance 1 / n, rank `rank`."""

    rank: int

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(
                f"rank must be at least 1, got {self.rank}. Use connectivity_type: 'null' for no synapses."
            )

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        if self.rank > n:
            raise ValueError(f"rank must be at most the number of neurons ({n}), got {self.rank}.")
        U = _normal((n, self.rank), generator)
        V = _normal((self.rank, n), generator)
        return (U @ V / (self.rank * n) ** 0.5).to(dtype)


@dataclass(frozen=True)
class Lorentz:
    """Cauchy entries, those beyond +-25 cut to zero, divided by n to a power that falls with n."""

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        W = torch.empty((n, n), dtype=torch.float64).cauchy_(generator=generator)
        W[W.abs() > 25] = 0
        return (W / n ** self._exponent(n)).to(dtype)

    @staticmethod
    def _exponent(n: int) -> float:
        for below, exponent in ((2000, 0.7), (4000, 0.675), (8000, 0.67), (8001, 0.66)):
            if n < below:
                return exponent
        return 0.5


@dataclass(frozen=True)
class RingAttractor:
    """W_ij = (j1 cos(theta_i - theta_j) + j0) / n, neurons evenly spaced on a circle. Draws nothing."""

    j1: float = 1.0
    j0: float = 0.5

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        theta = 2 * torch.pi * torch.arange(n, dtype=torch.float64) / n
        return ((self.j1 * torch.cos(theta[:, None] - theta[None, :]) + self.j0) / n).to(dtype)


@dataclass(frozen=True)
class Successor:
    """W = (1 - discount S)^-1, S the cyclic shift: discounted occupancy of a walk along a ring. Draws nothing."""

    discount: float = 0.98

    def __post_init__(self) -> None:
        if not 0 <= self.discount < 1:
            raise ValueError(
                f"discount must be at least 0 and below 1, got {self.discount}: the walk is summed over all its future."
            )

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        shift = torch.roll(torch.eye(n, dtype=torch.float64), shifts=1, dims=1)
        return torch.linalg.inv(torch.eye(n, dtype=torch.float64) - self.discount * shift).to(dtype)


@dataclass(frozen=True)
class Uniform:
    """W_ij ~ U(-1/2, 1/2), not scaled with n."""

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        return (torch.rand((n, n), generator=generator, dtype=torch.float64) - 0.5).to(dtype)


@dataclass(frozen=True)
class Null:
    """No synapses."""

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        return torch.zeros((n, n), dtype=dtype)


@dataclass(frozen=True)
class Dale:
    """Every source has one sign: columns below int(n * excitatory_share) excite, all later ones inhibit."""

    base: Connectivity
    excitatory_share: float

    def __post_init__(self) -> None:
        if not 0 <= self.excitatory_share <= 1:
            raise ValueError(f"Dale_law_factor must be between 0 and 1, got {self.excitatory_share}.")

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        W = self.base.sample(n, generator, dtype).abs()
        W[:, int(n * self.excitatory_share) :].neg_()
        return W


@dataclass(frozen=True)
class Sparse:
    """Keeps each entry with probability `filling_factor`. The kept weights are not rescaled.

    The spectral radius therefore falls to about sqrt(filling_factor) of that of the base.
    """

    base: Connectivity
    filling_factor: float

    def __post_init__(self) -> None:
        if not 0 < self.filling_factor <= 1:
            raise ValueError(
                f"connectivity_filling_factor must be above 0 and at most 1, got {self.filling_factor}. For no "
                "synapses at all use connectivity_type: 'null'."
            )

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        W = self.base.sample(n, generator, dtype)
        W[torch.rand((n, n), generator=generator, dtype=torch.float64) > self.filling_factor] = 0
        return W


@dataclass(frozen=True)
class ZeroDiagonal:
    """No neuron has a synapse onto itself. Lifts the rank of a low-rank base; its off-diagonal entries stay."""

    base: Connectivity

    def sample(self, n: int, generator: Generator, dtype: torch.dtype) -> Tensor:
        return self.base.sample(n, generator, dtype).fill_diagonal_(0)


def _normal(shape: tuple[int, int], generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)
