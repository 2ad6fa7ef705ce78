"""How far the rate constants of a fit may be off, judged from what it leaves unexplained.

The residual of a reaction-only fit is homeostasis, not noise: it goes on for the whole recording of a metabolite. White
noise formulas miss the error by a factor of four. Here every metabolite is one cluster, and its residual may be
correlated over time in any way (Liang & Zeger 1986):

V = N^-1 (sum_i g_i g_i^T) N^-1,   g_i = gradient that metabolite i contributes,   N = normal matrix
"""

import math

import torch
from torch import Tensor

NULL_EIGENVALUE = 1e-13  # relative, of the scaled normal matrix


def standard_error_log10(laws: Tensor, stoichiometry: Tensor, k: Tensor, residual: Tensor) -> Tensor:
    """Standard error of log10 k [reaction].

    laws: rates per unit of their constants [frame, reaction]; k [reaction]; residual: dc/dt minus the reactions
    [frame, metabolite]. Infinite for a reaction without effect.
    """
    M, S, r = laws.double(), stoichiometry.double(), residual.double()
    normal = (M.T @ M) * (S.T @ S)
    scale = normal.diagonal().clamp_min(1e-300).rsqrt()
    values, vectors = torch.linalg.eigh(normal * scale * scale[:, None])
    kept = values > NULL_EIGENVALUE * values[-1]
    root = scale[:, None] * vectors[:, kept] * values[kept].rsqrt()  # N^-1 = root root^T
    gradients = S * (r.T @ M)  # [metabolite, reaction]
    projected = root @ (root.T @ gradients.T)  # N^-1 g_i [reaction, metabolite]
    error = projected.pow(2).sum(dim=1).sqrt()
    relative = error / k.double() / math.log(10)
    return torch.where(normal.diagonal() > 0, relative, math.inf)
