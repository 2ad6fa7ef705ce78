"""Both functions of a noisy recording, as splines, with the measurement noise taken out of the mean square.

The weak form (noisy_equations) is bilinear in W and the message, as the law itself is (bilinear), but its features
carry noise. With N_j [k, l] the covariance of the noise of splines B_k and B_l of unit j in an equation, that adds

sum_i a^T N_i a + sum_ij W_ij^2 c^T N_j c

to the squares that W, the update a and the message c leave. Least squares pays for it with weights that are too small
and curves that are too flat, so it is subtracted. Gauss-Newton with W projected out, from a fit to the smoothed
recording. The normal matrix keeps the noise: it stays positive, and the minimum does not depend on it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.noisy_equations import NoisyEquations, along_time, unblurred
from hydra_llm.identifiability.least_squares import factorise
from hydra_llm.identifiability.noisy_features import corrected_inverse
from hydra_llm.nn.spline import SplineBasis, roughness

STEPS, HALVINGS = 10, 6
GAIN = 1e-5  # of what is left unexplained: a step that gains less ends the descent
START = 1e-6  # strength of the roughness before the data choose it
OVERLAP = 2  # equations that tell the same, at half a window from one to the next
_LARGEST = 100.0  # factor by which a strength moves in a step


@dataclass(frozen=True)
class Smoothness:
    """Strengths of the roughness of the update, and of the message relative to the mean square target."""

    update: float = START
    message: float = START


@dataclass(frozen=True)
class CorrectedPoint:
    """The minimum over W at functions a, c [k]. loss: what is lowered; unexplained: of that, without the roughness."""

    a: Tensor
    c: Tensor
    W: Tensor  # [target, source], zero diagonal
    loss: float
    unexplained: float
    message: Tensor  # [row, source], rms 1
    residual: Tensor  # [row, target]


class CorrectedSplines:
    """B [unit, row, k]: the splines of each unit; known [row, unit]: what W and the update have to explain; noise
    [unit, k, k]: covariance that measurement noise adds."""

    def __init__(self, B: Tensor, known: Tensor, noise: Tensor) -> None:
        self.B, self.known, self.noise = B, known, noise
        self.n, self.n_rows, self.k = B.shape
        self.size = float(known.square().mean())
        self._rough = roughness(self.k)

    @classmethod
    def of(cls, basis: SplineBasis, equations: NoisyEquations) -> "CorrectedSplines":
        """On equations half a window apart."""
        frame = equations.frames[:: max(1, equations.window.half_width // 2)]
        psi = equations.window.psi
        B, noise = [], []
        for j, (states, sd) in enumerate(zip(equations.states.T, equations.sd, strict=True)):
            at = {k: basis(states + k * sd) for k in range(-2, 3)}
            slopes = {k: ((at[k + 1] - at[k - 1]) / (2 * sd))[frame] for k in (-1, 0, 1)}
            covariance = {k: slope.T @ slope / len(frame) for k, slope in slopes.items()}
            B.append(along_time(unblurred(at), psi)[frame])
            noise.append(equations.noise[j] * unblurred(covariance))
        return cls(torch.stack(B), equations.known[frame], torch.stack(noise))

    def at(self, a: Tensor, c: Tensor, smooth: Smoothness) -> CorrectedPoint:
        """Solve for W at given functions; c is scaled to a message of rms 1."""
        message = (self.B @ c).T
        scale = message.square().mean().sqrt()
        message, c = message / scale, c / scale
        received = self.known - (self.B @ a).T
        noise = torch.einsum("k,jkl,l->j", c, self.noise, c).clamp_min(0)
        factor = factorise([(message, received)])
        inverse = corrected_inverse(factor, noise)
        X = inverse @ (factor.R.T @ factor.Z)  # [source, target]
        X = (X - inverse / inverse.diagonal() * X.diagonal()).fill_diagonal_(0)
        residual = received - message @ X
        added = torch.einsum("k,jkl,l->", a, self.noise, a) + X.square().sum(1) @ noise
        unexplained = float(residual.square().mean() - added / self.n)
        rough = smooth.update * float(a @ self._rough @ a) + smooth.message * self.size * float(c @ self._rough @ c)
        return CorrectedPoint(a, c, X.T.contiguous(), unexplained + rough, unexplained, message, residual)

    def normal_equations(self, point: CorrectedPoint) -> tuple[Tensor, Tensor]:
        """H [2 k, 2 k] over (a, c), W projected out, noise included; minus half the gradient of `unexplained`."""
        k, rows = self.k, self.n_rows
        H, gradient = (torch.zeros(*size, dtype=point.a.dtype) for size in ((2 * k, 2 * k), (2 * k,)))
        flat, crossed = self.B.reshape(self.n, -1), self.noise @ point.c  # [source, k]
        inverse = torch.linalg.pinv(point.message.T @ point.message / rows, hermitian=True)
        for i in range(self.n):
            design = torch.cat([self.B[i], (point.W[i] @ flat).reshape(rows, k)], dim=1)
            cross = point.message.T @ design / rows  # [source, 2 k]
            moved = inverse @ cross
            moved = moved - inverse[:, i : i + 1] / inverse[i, i] * moved[i : i + 1]  # the own source takes no part
            H += design.T @ design / rows - cross.T @ moved
            gradient += design.T @ point.residual[:, i] / rows
            gradient += torch.cat([self.noise[i] @ point.a, point.W[i].square() @ crossed])
        return (H + H.T) / (2 * self.n), gradient / self.n

    def penalty(self, smooth: Smoothness) -> Tensor:
        """The roughness as a matrix over (a, c)."""
        return torch.block_diag(smooth.update * self._rough, smooth.message * self.size * self._rough)

    def smoothing(self, point: CorrectedPoint, H: Tensor, smooth: Smoothness) -> Smoothness:
        """Strengths that make the data likeliest, by a step of MacKay's iteration."""
        spread = torch.linalg.pinv(H + self.penalty(smooth), hermitian=True)
        noise = OVERLAP * float(point.residual.square().mean()) / (self.n_rows * self.n)

        def chosen(own: slice, coefficients: Tensor, present: float) -> float:
            free = self.k - 3  # directions that have a roughness
            determined = free - present * float((spread[own, own] * self._rough).sum())
            rough = max(float(coefficients @ self._rough @ coefficients), 1e-300)
            wanted = noise * min(max(determined, 1.0), free) / rough
            return min(max(wanted, present / _LARGEST), _LARGEST * present)

        update = chosen(slice(0, self.k), point.a, smooth.update)
        message = chosen(slice(self.k, 2 * self.k), point.c, smooth.message * self.size)
        return Smoothness(update, message / self.size)


def descend_corrected(problem: CorrectedSplines, a: Tensor, c: Tensor) -> CorrectedPoint:
    """From the functions a, c [k], their roughness chosen before every step."""
    k, smooth = problem.k, Smoothness()
    point = problem.at(a, c, smooth)
    for _ in range(STEPS):
        H, gradient = problem.normal_equations(point)
        smooth = problem.smoothing(point, H, smooth)
        point = problem.at(point.a, point.c, smooth)
        left = H + problem.penalty(smooth)
        slope = gradient - problem.penalty(smooth) @ torch.cat([point.a, point.c])
        step = torch.linalg.lstsq(left + 1e-10 * left.diagonal().max() * torch.eye(2 * k, dtype=left.dtype), slope)
        for halving in range(HALVINGS):
            moved = step.solution / 2**halving
            found = problem.at(point.a + moved[:k], point.c + moved[k:], smooth)
            if found.loss < point.loss:
                break
        else:
            break
        gained, point = point.loss - found.loss, found
        if gained < GAIN * abs(found.unexplained):
            break
    return point
