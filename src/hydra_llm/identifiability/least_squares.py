"""Least squares on long recordings, in float64, that says which unknowns the data determine.

The rows [features | targets] pass through in blocks and are condensed into one triangular factor by QR. Normal
equations would square the condition number, and the limit of interest (singular values of 1e-8) would drown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

NULL_SINGULAR_VALUE = 1e-8  # relative to the largest: below it, a direction of the unknowns is not determined
NULL_PROJECTION = 1e-6  # an unknown is identifiable if its row of the projector on the null space is shorter
_TAKES_PART = 1e-6  # squared share of a source in the null space below which w_ii = 0 fixes nothing there
_RIDGES = torch.logspace(-32, 0, 33, dtype=torch.float64)  # relative to the largest squared singular value


@dataclass(frozen=True)
class Factor:
    """min_w |features w - target|^2 = |R w - Z|^2 + residual, per target."""

    R: Tensor  # [feature, feature]
    Z: Tensor  # [feature, target]
    residual: Tensor  # [target]
    n_rows: int

    def columns(self, features: Tensor, target: int) -> "Factor":
        """The problem of one target that knows only some features."""
        return Factor(
            self.R[:, features], self.Z[:, target : target + 1], self.residual[target : target + 1], self.n_rows
        )

    def error(self, weights: Tensor) -> float:
        """Sum of squares that the weights [feature, target] leave of all targets, beyond the residual."""
        return float(((self.R @ weights - self.Z) ** 2).sum())


def factorise(blocks: Iterable[tuple[Tensor, Tensor]]) -> Factor:
    """Condense blocks (features [row, feature], targets [row, target])."""
    upper, n_features, n_rows = None, 0, 0
    for features, targets in blocks:
        rows = torch.cat([features, targets], dim=1)
        upper = torch.linalg.qr(rows if upper is None else torch.cat([upper, rows]), mode="r").R
        n_features, n_rows = features.shape[1], n_rows + len(rows)
    if upper is None:
        raise ValueError("Least squares needs at least one row. Record more frames.")
    missing = n_features - len(upper)
    if missing > 0:  # fewer rows than features
        upper = torch.cat([upper, upper.new_zeros((missing, upper.shape[1]))])
    rest = upper[n_features:, n_features:]
    return Factor(upper[:n_features, :n_features], upper[:n_features, n_features:], (rest**2).sum(0), n_rows)


@dataclass(frozen=True)
class Solver:
    """The singular value decomposition of a factor, and the solutions that follow from it.

    rounding: relative precision of the recording. Where it is finer than NULL_SINGULAR_VALUE, least squares uses the
    singular values in between, though what they determine does not count as identifiable.
    """

    factor: Factor
    rounding: float

    @cached_property
    def _svd(self) -> tuple[Tensor, Tensor, Tensor]:
        U, s, Vh = torch.linalg.svd(self.factor.R, full_matrices=False)
        return U, s, Vh.T.contiguous()

    @property
    def singular_values(self) -> Tensor:
        return self._svd[1]

    @property
    def _cutoff(self) -> float:
        return min(self.rounding * len(self.singular_values), NULL_SINGULAR_VALUE)  # rounding adds up over features

    def _above(self, threshold: float) -> Tensor:
        s = self.singular_values
        return s > threshold * s[0]

    @property
    def rank(self) -> int:
        """Directions of the unknowns that the data determine."""
        return int(self._above(NULL_SINGULAR_VALUE).sum())

    @property
    def condition_number(self) -> float:
        s = self.singular_values
        return float(s[0] / s[-1]) if s[-1] > 0 else float("inf")

    @cached_property
    def null_projector(self) -> Tensor:
        """Onto the directions that do not count as determined."""
        return self._projector(NULL_SINGULAR_VALUE)

    def least_squares(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights [feature, target] with the null space set to zero, their inverse, and the projector on that space."""
        s, kept = self.singular_values, self._above(self._cutoff)
        inverse = torch.where(kept, 1 / torch.where(kept, s, 1), 0)
        return *self._solution(inverse, inverse**2), self._projector(self._cutoff)

    def _projector(self, threshold: float) -> Tensor:
        V = self._svd[2][:, ~self._above(threshold)]
        return V @ V.T

    def ridge(self, strength: float) -> tuple[Tensor, Tensor]:
        """Weights that minimise |R w - Z|^2 + strength * s_max^2 |w|^2, and the inverse that belongs to them."""
        s = self.singular_values
        shifted = s**2 + strength * s[0].clamp_min(1e-150) ** 2
        return self._solution(s / shifted, 1 / shifted)

    def variance(self, weights: Tensor) -> Tensor:
        """Variance of what the weights leave of each target, per row [target]."""
        unexplained_variance = self.factor.residual + ((self.factor.R @ weights - self.factor.Z) ** 2).sum(0)
        return unexplained_variance / max(1, self.factor.n_rows - self.rank)

    def _solution(self, filtered: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
        U, _, V = self._svd
        return V @ (filtered[:, None] * (U.T @ self.factor.Z)), (V * inverse) @ V.T


def own_source_direction(inverse: Tensor, projector: Tensor | None) -> Tensor:
    """How the weights [source, target] move to satisfy w_ii = 0, per unit of w_ii: along the null space where it
    reaches source i, at no cost; else where the fit suffers least."""
    direction = inverse / inverse.diagonal()
    if projector is None:
        return direction
    free = projector.diagonal()
    return torch.where(free > _TAKES_PART, projector / free.clamp_min(_TAKES_PART), direction)


def without_own_source(weights: Tensor, direction: Tensor) -> Tensor:
    """Impose w_ii = 0 on weights [source, target] found without it: the constrained minimum, in closed form."""
    return weights - direction * weights.diagonal()


def spread_without_own_source(inverse: Tensor, direction: Tensor) -> Tensor:
    """Variance of each such weight [source, target] per unit of target variance."""
    own = inverse.diagonal()
    return (own[:, None] - 2 * direction * inverse + direction**2 * own).clamp_min(0)


def identifiable_without_own_source(projector: Tensor) -> tuple[Tensor, Tensor]:
    """Of the problems 'target i does not listen to source i': identifiable [source, target], null dimensions [target].

    Knowing w_ii = 0 takes one direction out of a null space that source i takes part in.
    """
    own = projector.diagonal()
    bound = own > _TAKES_PART  # targets whose constraint fixes a null direction
    explained = torch.where(bound, projector**2 / own.clamp_min(1e-300), 0)  # [source, target]
    row_length = (own[:, None] - explained).clamp_min(0).sqrt()
    identifiable = row_length < NULL_PROJECTION
    return identifiable, torch.round(projector.trace()) - bound.double()


def best_ridge(solver: Solver, validation: Factor, constrain: bool) -> tuple[Tensor, float]:
    """The ridge solution with the smallest error on the validation factor, and its relative strength."""
    best: tuple[float, Tensor, float] | None = None
    for strength in _RIDGES.tolist():
        weights, inverse = solver.ridge(strength)
        if constrain:
            weights = without_own_source(weights, own_source_direction(inverse, None))
        error = validation.error(weights)
        if best is None or error < best[0]:
            best = (error, weights, strength)
    assert best is not None  # the grid of strengths is not empty
    return best[1], best[2]
