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
_ROUNDS, _STEPS = 40, 15  # of the prior, and of Gauss-Newton within each
_SETTLED = 1e-3  # change of the logarithm of the strength that ends the rounds
_NARROWEST = 1e-3  # decades: the least width of the prior


@dataclass(frozen=True)
class LogEvidence:
    """log10 k and its posterior standard deviation [reaction]; mean and width of the prior, in decades."""

    log_k: Tensor
    error: Tensor
    mean: float
    width: float


def log_evidence(fit: JointFit) -> LogEvidence:
    """The most probable constants of the equations that a joint fit holds."""
    A, z = fit.without_lines()
    factor = fit.solver.factor
    floor = float(factor.residual.sum())
    n_free = max(1, factor.n_rows - (fit.n_unknowns - fit.n_reactions))
    positive = fit.k > 0
    typical = float(fit.k[positive].log10().median()) if positive.any() else 0.0
    x = torch.where(positive, fit.k.clamp_min(1e-300).log10(), typical).clamp(typical - 3, typical + 3)
    mean, width, noise = float(x.mean()), max(_NARROWEST, float(x.std())), floor / n_free
    last = math.inf
    for _ in range(_ROUNDS):
        J = _jacobian(A, x)
        strength = max(noise / width**2, NULL_SINGULAR_VALUE**2 * float((J**2).sum(0).max()))
        x = _most_probable(A, z, x, mean, strength)
        J = _jacobian(A, x)
        inverse = torch.linalg.inv(J.T @ J + strength * torch.eye(len(x), dtype=x.dtype))
        used = float((len(x) - strength * inverse.diagonal().sum()).clamp_min(0))
        noise = (float((A @ 10**x - z).square().sum()) + floor) / max(1.0, n_free - used)
        mean = float(x.mean())
        spread = (x - mean).square().mean() + noise * inverse.diagonal().mean()
        width = max(_NARROWEST, float(spread.sqrt()))
        if abs(math.log(strength) - last) < _SETTLED:
            break
        last = math.log(strength)
    return LogEvidence(x, (noise * inverse.diagonal()).clamp_min(0).sqrt(), mean, width)


def _jacobian(A: Tensor, x: Tensor) -> Tensor:
    return A * (LN10 * 10**x)


def _most_probable(A: Tensor, z: Tensor, x: Tensor, mean: float, strength: float) -> Tensor:
    """Levenberg-Marquardt on |A 10^x - z|^2 + strength |x - mean|^2."""
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
