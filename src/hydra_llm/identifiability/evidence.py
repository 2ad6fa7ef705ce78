"""Ridge regression whose strength is the one that the data make most probable, a value per target.

Weights have a Gaussian prior of width a, the target has noise of variance s2; both maximise the probability of the
training data (the evidence), so no frames are held out. With strength = s2 / a^2 the noise that maximises it is
s2 = E / rows, E = min |features w - target|^2 + strength |w|^2, which leaves one unknown per target:

-2 log evidence = rows log E + log det(R^T R + strength) - unknowns log strength + const.

MacKay, Bayesian interpolation, Neural Computation 4 (1992) 415. The usual fixed-point iteration may end in a local
maximum; here the strength is searched over its whole range.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.identifiability.least_squares import NULL_SINGULAR_VALUE, Factor

WEAKEST, STRONGEST = NULL_SINGULAR_VALUE**2, 1e4  # strengths, relative to the largest squared singular value
_GRID, _ROUNDS = 41, 4  # strengths compared per round; each round looks closer around the best
_ROUNDING = torch.finfo(torch.float64).eps ** 2  # relative: below it a residual is rounding


@dataclass(frozen=True)
class EvidenceRidge:
    """weights and their posterior variance [feature, target]; strength, of |features w - target|^2 + strength |w|^2,
    and noise, the variance of a target about its prediction, per row [target].
    """

    weights: Tensor
    strength: Tensor
    variance: Tensor
    noise: Tensor


def evidence_ridge(factor: Factor, *, constrain: bool = False) -> EvidenceRidge:
    """The ridge solution of largest evidence for every target of a factor.

    constrain: target i does not listen to feature i (as many targets as features). A direction whose singular value is
    below 1e-8 of the largest counts as undetermined and is left at zero, however exact the target.
    """
    n, n_targets = factor.R.shape[1], factor.Z.shape[1]
    if constrain and n != n_targets:
        raise ValueError(f"A constrained problem has as many targets as features, got {n_targets} and {n}.")
    U, s, Vh = torch.linalg.svd(factor.R, full_matrices=False)
    V, z, squares = Vh.T, U.T @ factor.Z, s.square()
    floor = factor.residual + (factor.Z.square().sum(0) - z.square().sum(0)).clamp_min(0)
    cost = evidence_cost(squares[:, None], z.square(), floor, factor.n_rows)

    def without_own(strength: Tensor) -> Tensor:
        shifted = squares[:, None] + strength  # [direction, target]
        own = (V.square().T / shifted).sum(0)
        moved = (V.T * (z * s[:, None] / shifted)).sum(0).square() / own
        return cost(strength, moved) + own.log() + strength.log()

    low, high = (squares[0].clamp_min(1e-300) * end for end in (WEAKEST, STRONGEST))
    strength = minimise_log(without_own if constrain else cost, low, high, n_targets)
    shifted = squares[:, None] + strength
    weights, variance = V @ (z * s[:, None] / shifted), V.square() @ (1 / shifted)
    energy = energy_of(strength, squares[:, None], z.square(), floor)
    if constrain:
        column = V @ (V.T / shifted)  # of target i: column i of its inverse
        own = column.diagonal()
        energy = energy + weights.diagonal().square() / own
        weights = (weights - column / own * weights.diagonal()).fill_diagonal_(0)
        variance = (variance - column.square() / own).fill_diagonal_(0).clamp_min(0)
    noise = energy / max(1, factor.n_rows)
    return EvidenceRidge(weights, strength, variance * noise, noise)


def evidence_cost(
    squares: Tensor, explained: Tensor, floor: Tensor, n_rows: int
) -> Callable[[Tensor, Tensor | float], Tensor]:
    """-2 log evidence [target] as a function of strengths [target] and of a term that adds to the energy.

    squares: squared singular values, explained: squared projections of the target, both [direction, target]; floor:
    what no weights explain [target].
    """

    def cost(strength: Tensor, more: Tensor | float = 0.0) -> Tensor:
        energy = energy_of(strength, squares, explained, floor) + more
        # a direction that no row spans has no part: its strength cancels against its prior
        volume = (squares + strength).log().sum(0) - len(squares) * strength.log()
        return n_rows * energy.clamp_min(1e-300).log() + volume

    return cost


def energy_of(strength: Tensor, squares: Tensor, explained: Tensor, floor: Tensor) -> Tensor:
    """min |features w - target|^2 + strength |w|^2 [target]; arguments as evidence_cost. Never below rounding."""
    rounding = _ROUNDING * (explained.sum(0) + floor)
    return floor + rounding + (explained * strength / (squares + strength)).sum(0)


def minimise_log(cost: Callable[..., Tensor], low: Tensor, high: Tensor, n: int) -> Tensor:
    """The arguments [n] between low and high (scalars or [n]) at which cost, elementwise, is least, on a log scale."""
    first, last = (end.log().expand(n).clone() for end in (low, high))
    best = first
    for _ in range(_ROUNDS):
        steps = torch.linspace(0, 1, _GRID, dtype=first.dtype, device=first.device)[:, None]
        grid = first + (last - first) * steps
        best = grid.gather(0, torch.stack([cost(row.exp()) for row in grid]).argmin(0)[None])[0]
        width = (last - first) / (_GRID - 1)
        first, last = torch.maximum(best - width, first), torch.minimum(best + width, last)
    return best.exp()
