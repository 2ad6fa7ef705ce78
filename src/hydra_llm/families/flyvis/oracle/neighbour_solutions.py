"""What follows from the factors of fitting.neighbours: weights, rates and offsets, and what is determined.

Weights are shrunk or set to zero where the data leave them open; the rate and the offset of a neuron never are. Their
columns stand first in the triangular factor, so what is left below them is the problem of the weights alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, NeighbourFactor
from hydra_llm.identifiability.evidence import STRONGEST, WEAKEST, evidence_cost, minimise_log
from hydra_llm.identifiability.least_squares import NULL_PROJECTION, NULL_SINGULAR_VALUE

RIDGES = tuple(10.0 ** (k / 2) for k in range(-24, 5))  # per frame, in squared units of a message


@dataclass(frozen=True)
class Solution:
    """slope = rate own + offset + sum weight message. weight [edge], rate and offset [neuron]."""

    weight: Tensor
    rate: Tensor
    offset: Tensor


@dataclass(frozen=True)
class Determined:
    """What the data determine at all: weight [edge], rate and offset [neuron] as masks, and the size of the rest."""

    weight: Tensor
    rate: Tensor
    offset: Tensor
    null_dimensions: Tensor  # [neuron]
    condition_number: Tensor  # [neuron]; infinite where a direction is missing exactly


def determined(factors: Sequence[NeighbourFactor]) -> Determined:
    """By the projector on the null space of each neuron: singular values below 1e-8 of the largest."""
    n_neurons, n_edges = _sizes(factors)
    found = Determined(
        weight=torch.zeros(n_edges, dtype=torch.bool),
        rate=torch.zeros(n_neurons, dtype=torch.bool),
        offset=torch.zeros(n_neurons, dtype=torch.bool),
        null_dimensions=torch.zeros(n_neurons, dtype=torch.long),
        condition_number=torch.ones(n_neurons, dtype=torch.float64),
    )
    for factor in factors:
        group = factor.group
        _, s, Vh = torch.linalg.svd(factor.R)
        null = s <= NULL_SINGULAR_VALUE * s[:, :1]
        known = (Vh * null[:, :, None]).square().sum(1).sqrt() < NULL_PROJECTION
        found.rate[group.targets], found.offset[group.targets] = known[:, 0], known[:, 1]
        found.weight[group.edges] = known[:, N_OWN:]
        found.null_dimensions[group.targets] = null.sum(1)
        found.condition_number[group.targets] = s[:, 0] / s[:, -1]
    return found


def least_squares(factors: Sequence[NeighbourFactor], rounding: float) -> Solution:
    """The solution with the smallest weights among those that fit best: what is not determined is set to zero.

    rounding: relative precision of the recording; singular values below it hold nothing but rounding.
    """

    def solve(factor: NeighbourFactor) -> Tensor:
        cutoff = min(rounding * factor.group.n_unknowns, NULL_SINGULAR_VALUE)
        largest = torch.linalg.matrix_norm(factor.R, ord=2)
        U, s, Vh = _weights_alone(factor)
        kept = s > cutoff * largest[:, None]
        inverse = torch.where(kept, 1 / torch.where(kept, s, 1), 0)
        return _complete(factor, _filtered(factor, U, inverse, Vh))

    return _scatter(factors, [solve(factor) for factor in factors])


def evidence(factors: Sequence[NeighbourFactor]) -> Solution:
    """The ridge solution of largest evidence, a strength per neuron (identifiability.evidence)."""
    found = []
    for factor in factors:
        parts = U, s, _ = _weights_alone(factor)
        if not s.shape[1]:
            found.append(_shrunk(factor, parts, 1.0))
            continue
        squares, explained = s.square().T, torch.einsum("nab,na->nb", U, factor.z[:, N_OWN:]).square().T
        largest = squares[0].clamp_min(1e-300)
        cost = evidence_cost(squares, explained, factor.residual, factor.n_frames - N_OWN)
        strength = minimise_log(cost, largest * WEAKEST, largest * STRONGEST, len(s))
        found.append(_shrunk(factor, parts, strength[:, None] / factor.n_frames))
    return _scatter(factors, found)


def error(solution: Solution, factors: Sequence[NeighbourFactor]) -> float:
    """Sum over neurons of the mean square error of a solution on the frames of these factors."""
    total = 0.0
    for factor in factors:
        own = factor.group.targets
        unknowns = [solution.rate[own, None], solution.offset[own, None], solution.weight[factor.group.edges]]
        total += float(factor.errors(torch.cat(unknowns, dim=1)).sum())
    return total


def ridge(factors: Sequence[NeighbourFactor], strength: float) -> Solution:
    """The minimum of mean squared error + strength * |weights|^2 for every neuron."""
    return _scatter(factors, [_shrunk(factor, _weights_alone(factor), strength) for factor in factors])


def best_ridge(
    factors: Sequence[NeighbourFactor], validation: Sequence[NeighbourFactor], strengths: Sequence[float] = RIDGES
) -> tuple[Solution, float]:
    """The ridge solution that validation allows, and its strength, one for all neurons.

    The strongest one whose error is within a standard error of the smallest (Breiman et al. 1984). Directions that the
    noise hides cost no prediction error, so the smallest error alone would leave the noise in the weights.
    """
    decomposed = [_weights_alone(factor) for factor in factors]
    errors = [
        sum(
            float(held_out.errors(_shrunk(factor, parts, strength)).sum())
            for factor, held_out, parts in zip(factors, validation, decomposed, strict=True)
        )
        for strength in strengths
    ]
    n_samples = _sizes(factors)[0] * max(1, min(factor.n_frames for factor in validation))
    allowed = min(errors) * (1 + (2 / n_samples) ** 0.5)
    strength = max(strength for strength, error in zip(strengths, errors, strict=True) if error <= allowed)
    found = [_shrunk(factor, parts, strength) for factor, parts in zip(factors, decomposed, strict=True)]
    return _scatter(factors, found), strength


def _shrunk(factor: NeighbourFactor, parts: tuple[Tensor, Tensor, Tensor], strength: float | Tensor) -> Tensor:
    U, s, Vh = parts
    shifted = s.square() + strength * factor.n_frames
    return _complete(factor, _filtered(factor, U, torch.where(shifted > 0, s / shifted, 0), Vh))


def _weights_alone(factor: NeighbourFactor) -> tuple[Tensor, Tensor, Tensor]:
    """Singular value decomposition of the problem that remains when rate and offset have been eliminated."""
    return torch.linalg.svd(factor.R[:, N_OWN:, N_OWN:])


def _filtered(factor: NeighbourFactor, U: Tensor, inverse: Tensor, Vh: Tensor) -> Tensor:
    return torch.einsum("nba,nb->na", Vh, inverse * torch.einsum("nab,na->nb", U, factor.z[:, N_OWN:]))


def _complete(factor: NeighbourFactor, weights: Tensor) -> Tensor:
    """Rate and offset that belong to the weights; the shortest pair where a constant neuron leaves both open."""
    corner = torch.linalg.pinv(factor.R[:, :N_OWN, :N_OWN], rtol=NULL_SINGULAR_VALUE)
    rest = factor.z[:, :N_OWN] - torch.einsum("nab,nb->na", factor.R[:, :N_OWN, N_OWN:], weights)
    return torch.cat([torch.einsum("nab,nb->na", corner, rest), weights], dim=1)


def _scatter(factors: Sequence[NeighbourFactor], unknowns: Sequence[Tensor]) -> Solution:
    n_neurons, n_edges = _sizes(factors)
    weight = unknowns[0].new_zeros(n_edges)
    rate, offset = unknowns[0].new_zeros(n_neurons), unknowns[0].new_zeros(n_neurons)
    for factor, x in zip(factors, unknowns, strict=True):
        group = factor.group
        rate[group.targets], offset[group.targets], weight[group.edges] = x[:, 0], x[:, 1], x[:, N_OWN:]
    return Solution(weight, rate, offset)


def _sizes(factors: Sequence[NeighbourFactor]) -> tuple[int, int]:
    """Numbers of neurons and of edges."""
    return sum(len(f.group.targets) for f in factors), sum(f.group.edges.numel() for f in factors)
