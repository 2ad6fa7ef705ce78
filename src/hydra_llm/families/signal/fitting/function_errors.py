"""What the data leave uncertain about the functions of a fit, and about its weights because of that: the delta method.

Near a fit the law is linear in the coefficients of both functions as splines (a of the update, c of the message):

residual_i = D_i (da, dc) + m dW_i + noise,  D_i = [B(u_i), sum_j W_ij B(u_j)]

With G_i the regression of D_i on the messages m, W_i follows by -G_i (da, dc), and H = sum_i D_i^T (D_i - m G_i) is
what the rows tell of the coefficients. Their covariance is A^-1 (V + v P) A^-1, A = H + P: V is that of the scores,
from blocks of rows, v the noise, and P a prior of the roughness whose strength the data choose (MacKay 1992), so that a
band counts what smoothing leaves out (Nychka 1988, Journal of the American Statistical Association 83, 1134). A message
has a standard deviation of 1, so the direction of its scale is projected out.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor

from hydra_llm.families.signal.fitting.corrected_splines import OVERLAP, CorrectedSplines
from hydra_llm.identifiability.least_squares import factorise
from hydra_llm.identifiability.noisy_features import corrected_inverse
from hydra_llm.nn.spline import SplineBasis, roughness

BLOCKS = 100  # of rows
ROUNDS = 30  # of the iteration for the strength of a roughness
_LARGEST = 100.0  # factor by which a strength moves in a round
_FREE = 3  # directions of a spline without a roughness


@dataclass(frozen=True)
class SplineRows:
    """B [unit, row, k]: splines of each unit; known [row, unit]: what W and the update have to explain; noise
    [unit, k, k]: covariance that measurement noise adds to B, None: nothing. overlap: rows that tell the same."""

    B: Tensor
    known: Tensor
    noise: Tensor | None = None
    overlap: int = 1

    @classmethod
    def of_states(cls, basis: SplineBasis, states: Tensor, known: Tensor) -> Self:
        """A row per frame; states and known [frame, unit]."""
        return cls(basis(states.T.contiguous()), known)

    @classmethod
    def of_problem(cls, problem: CorrectedSplines) -> Self:
        """Rows in weak form."""
        return cls(problem.B, problem.known, problem.noise, OVERLAP)


@dataclass(frozen=True)
class FunctionErrors:
    """covariance [2 k, 2 k] of the coefficients of update and message, at messages of standard deviation 1; weights
    [target, source]: the variance that W has because of it, in the same scale."""

    basis: SplineBasis
    covariance: Tensor
    weights: Tensor

    def half_widths(self, states: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Of pointwise bands of message and update at states [point]."""
        B, k = self.basis(torch.from_numpy(states)), self.basis.n
        reach = float(norm.ppf(0.5 + level / 2))
        update, message = (
            torch.einsum("pk,kl,pl->p", B, part, B).clamp_min(0).sqrt().numpy() * reach
            for part in (self.covariance[:k, :k], self.covariance[k:, k:])
        )
        return message, update


def function_errors(
    basis: SplineBasis, rows: SplineRows, a: Tensor, c: Tensor, W: Tensor, synapses: Tensor | None = None
) -> FunctionErrors:
    """At the coefficients a, c [k] and the weights W [target, source] that belong to them; synapses: bool
    [target, source], those that may exist, None: all but the self-connections."""
    n, n_rows, k = rows.B.shape
    message = (rows.B @ c).T
    sd = message.std()
    c, message, W = c / sd, message / sd, W * sd
    residual = rows.known - (rows.B @ a).T - message @ W.T
    regression = _Regression(rows, message, c, W, synapses)
    H, score, moved = torch.zeros(2 * k, 2 * k, dtype=W.dtype), torch.zeros(n_rows, 2 * k, dtype=W.dtype), []
    for i in range(n):
        design, G, own = regression.target(i)
        H += own
        score += (design - message @ G) * residual[:, i : i + 1]
        moved.append(G.float())
    noise = rows.overlap * float(residual.square().mean())
    edges = np.linspace(0, n_rows, min(BLOCKS, n_rows // 2) + 1).round().astype(int)
    blocks = torch.stack([score[start:stop].sum(0) for start, stop in pairwise(edges)])
    blocks = blocks - blocks.mean(0)
    V = blocks.T @ blocks * len(blocks) / (len(blocks) - 1)
    P = _penalty((H + H.T) / 2, a, c, noise)
    inverse = torch.linalg.pinv((H + H.T) / 2 + P, hermitian=True, rtol=1e-13)
    covariance = inverse @ (V + noise * P) @ inverse
    fixed = _without_scale(rows, message, c)
    covariance = fixed @ covariance @ fixed.T
    spread = torch.stack([((G.double() @ covariance) * G).sum(1) for G in moved])
    return FunctionErrors(basis, covariance, spread.clamp_min(0))


class _Regression:
    """Of what a change of the coefficients adds at a target, on the messages that reach it."""

    def __init__(self, rows: SplineRows, message: Tensor, c: Tensor, W: Tensor, synapses: Tensor | None) -> None:
        self._rows, self._message, self._W, self._synapses = rows, message, W, synapses
        n, _n_rows, _k = rows.B.shape
        self._flat = rows.B.reshape(n, -1)
        self._crossed = None if rows.noise is None else rows.noise @ c  # [source, k]
        noise = torch.zeros(n, dtype=W.dtype) if self._crossed is None else self._crossed @ c
        self._factor, self._noise = factorise([(message, rows.known[:, :0])]), noise.clamp_min(0)
        self._inverse = corrected_inverse(self._factor, self._noise) if synapses is None else None

    def target(self, i: int) -> tuple[Tensor, Tensor, Tensor]:
        """D_i [row, 2 k], G_i [source, 2 k], and what the target adds to H."""
        (_n, n_rows, k), rows, W = self._rows.B.shape, self._rows, self._W
        design = torch.cat([rows.B[i], (W[i] @ self._flat).reshape(n_rows, k)], dim=1)
        cross, square = self._message.T @ design, design.T @ design
        if rows.noise is not None and self._crossed is not None:
            cross[:, k:] -= n_rows * W[i][:, None] * self._crossed
            square[:k, :k] -= n_rows * rows.noise[i]
            square[k:, k:] -= n_rows * torch.einsum("j,jkl->kl", W[i].square(), rows.noise)
        G = self._solve(i, cross)
        return design, G, square - cross.T @ G

    def _solve(self, i: int, cross: Tensor) -> Tensor:
        if self._inverse is not None:
            G = self._inverse @ cross
            return G - self._inverse[:, i : i + 1] / self._inverse[i, i] * G[i : i + 1]  # no own source
        assert self._synapses is not None
        sources, G = self._synapses[i].nonzero().ravel(), torch.zeros_like(cross)
        if len(sources):
            own = self._factor.columns(sources, 0)
            G[sources] = corrected_inverse(own, self._noise[sources]) @ cross[sources]
        return G


def _penalty(H: Tensor, a: Tensor, c: Tensor, noise: float) -> Tensor:
    """The roughness of both functions, of the strengths that make the data likeliest."""
    k, rough = len(a), roughness(len(a))
    size = float(H.diagonal().max())
    strengths = [1e-6 * size, 1e-6 * size]
    for _ in range(ROUNDS):
        spread = torch.linalg.pinv(H + torch.block_diag(*(s * rough for s in strengths)), hermitian=True, rtol=1e-13)
        for number, (own, curve) in enumerate(((slice(0, k), a), (slice(k, 2 * k), c))):
            present = strengths[number]
            determined = k - _FREE - present * float((spread[own, own] * rough).sum())
            bent = max(float(curve @ rough @ curve), 1e-300)
            wanted = noise * min(max(determined, 1.0), k - _FREE) / bent
            strengths[number] = min(max(wanted, present / _LARGEST), _LARGEST * present)
    return torch.block_diag(*(s * rough for s in strengths))


def _without_scale(rows: SplineRows, message: Tensor, c: Tensor) -> Tensor:
    """The projector [2 k, 2 k] of changes of the coefficients to those that leave the standard deviation at 1."""
    k = len(c)
    change = torch.einsum("tj,jtk->k", message - message.mean(), rows.B)  # of the variance
    P = torch.eye(2 * k, dtype=c.dtype)
    P[k:, k:] -= torch.outer(c, change) / (change @ c)
    return P
