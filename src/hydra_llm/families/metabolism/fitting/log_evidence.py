"""Rate constants under a prior whose mean and width the data choose.

Positive constants that spread over decades are nearly normal in log10 k, so the prior is Gaussian there: constants that
the data determine stay where least squares puts them, the others move towards the mean of all. Width and noise maximise
the evidence in Laplace's approximation (MacKay, Neural Computation 4 (1992) 415); the lines of the metabolites are
eliminated, without a prior.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.families.metabolism.fitting.joint_regression import JointFit
from hydra_llm.identifiability.least_squares import NULL_SINGULAR_VALUE

LN10 = math.log(10)
_ROUNDS, _STEPS = 40, 60  # of the prior, and of Gauss-Newton within each, where few are enough as a rule
_SETTLED = 1e-3  # change of the logarithm of the strength, and of the mean in widths, that ends the rounds
_STRONGEST, _RATIO = 1e-2, 100.0  # where a prior that grows weaker starts, and by how much it does so at a time
_NARROWEST = 1e-3  # decades: the least width of the prior


@dataclass(frozen=True)
class LogEvidence:
    """log10 k and its posterior standard deviation [reaction]; mean and width of the prior (decades, unit added)."""

    log_k: Tensor
    error: Tensor
    mean: float
    width: float


def log_evidence(fit: JointFit, unit: Tensor | None = None) -> LogEvidence:
    """The most probable constants of the equations that a joint fit holds.

    unit [reaction]: log10 of the rate of each reaction per unit of its constant at unit concentrations; None: 0, as the
    law of mass action has it. The prior is one of log10 k + unit. In the gauge of a learned law a constant says little
    by itself: one without a substrate has no gauge, and the mean of the others would be far from it.
    """
    A, z = fit.without_lines()
    factor = fit.solver.factor
    floor = float(factor.residual.sum())
    n_free = max(1, factor.n_rows - (fit.n_unknowns - fit.n_reactions))
    positive = fit.k > 0
    unit = torch.zeros_like(fit.k) if unit is None else unit
    found = fit.k.clamp_min(1e-300).log10() + unit
    typical = float(found[positive].median()) if positive.any() else 0.0
    start = torch.where(positive, found, typical).clamp(typical - 3, typical + 3)
    x, mean, width, noise = start - unit, float(start.mean()), max(_NARROWEST, float(start.std())), floor / n_free
    last = math.inf
    for _ in range(_ROUNDS):
        J = _jacobian(A, x)
        largest = float((J**2).sum(0).max())
        strength = max(noise / width**2, NULL_SINGULAR_VALUE**2 * largest)
        for stronger in _path(strength, _STRONGEST * largest):
            x = _most_probable(A, z, x, mean - unit, stronger)
        J = _jacobian(A, x)
        inverse = torch.linalg.inv(J.T @ J + strength * torch.eye(len(x), dtype=x.dtype))
        used = float((len(x) - strength * inverse.diagonal().sum()).clamp_min(0))
        noise = (float((A @ 10**x - z).square().sum()) + floor) / max(1.0, n_free - used)
        before, mean = mean, float((x + unit).mean())
        spread = (x + unit - mean).square().mean() + noise * inverse.diagonal().mean()
        width = max(_NARROWEST, float(spread.sqrt()))
        if max(abs(math.log(strength) - last), abs(mean - before) / width) < _SETTLED:
            break
        last = math.log(strength)
    return LogEvidence(x, (noise * inverse.diagonal()).clamp_min(0).sqrt(), mean, width)


def _path(last: float, first: float) -> list[float]:
    """Strengths from first down to last. A weak prior moves what the data leave open too slowly for any damping, so it
    starts where a stronger one has put it.
    """
    n = max(0, math.ceil(math.log(first / last) / math.log(_RATIO)))
    return [last * _RATIO**k for k in range(n, -1, -1)]


def _jacobian(A: Tensor, x: Tensor) -> Tensor:
    return A * (LN10 * 10**x)


def _most_probable(A: Tensor, z: Tensor, x: Tensor, mean: Tensor, strength: float) -> Tensor:
    """Levenberg-Marquardt on |A 10^x - z|^2 + strength |x - mean|^2, all of x [reaction] and mean [reaction]."""
    eye = torch.eye(len(x), dtype=x.dtype)

    def cost(at: Tensor) -> float:
        return float((A @ 10**at - z).square().sum() + strength * (at - mean).square().sum())

    damping, before = 0.0, cost(x)
    for _ in range(_STEPS):
        J = _jacobian(A, x)
        H = J.T @ J + strength * eye
        gradient = J.T @ (A @ 10**x - z) + strength * (x - mean)
        step = torch.linalg.solve(H + damping * torch.diag(H.diagonal()), -gradient).clamp(-1, 1)
        after = cost(x + step)
        if after < before:
            x, before, damping = x + step, after, damping / 10
            if step.abs().max() < 1e-8:
                break
        else:
            damping = max(1e-3, 10 * damping)
    return x
