"""The path that a noisy recording most likely followed, given the law of motion: states are the unknowns.

x minimises  |y - x|^2 / gamma^2 + sum_k |x_(k+1) - Phi_k(x_k)|^2 / s^2,   Phi_k the flow over frame k,

by Gauss-Newton steps, with y recorded, gamma the measurement noise and s what the law leaves open per frame: process
noise, or the doubt about a law that is itself fitted. This is weak-constraint 4D-Var (Tremolet 2006); for a linear
flow it is the Kalman smoother (Rauch, Tung & Striebel 1965), and s -> 0 is multiple shooting. The normal matrix couples
a frame to the next alone, so that its banded Cholesky factor costs n_frames n_units^3.

Parameters of the flow may be unknowns too. They are eliminated last (an arrowhead matrix), and what is left of their
normal matrix is their information once the path is free. Alternating between path and parameters instead would come to
a standstill as s -> 0, where the path obeys the parameters that it is to correct.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded
from torch import Tensor
from torch.func import jacfwd, vmap

ITERATIONS = 20
TOLERANCE = 1e-7  # of the cost, relative: a smaller gain ends the search
HALVINGS = 8  # of a step that raises the cost


class NoPathError(ValueError):
    """The law moves the states it was asked about beyond what can be computed, within one frame."""


@dataclass(frozen=True)
class Transition:
    """One frame of the flow from every state x_k, k = 0 ... n_frames - 2, and its derivatives there."""

    following: Tensor  # Phi_k(x_k) [frame - 1, unit]
    jacobian: Tensor  # d Phi_k / d x_k [frame - 1, to, from]
    by_parameter: Tensor | None = None  # d Phi_k / d parameter [frame - 1, unit, parameter]


Linearised = Callable[[Tensor], Transition]  # of states [frame - 1, unit]
Flow = Callable[[Tensor, Tensor | None], Tensor]  # states [batch, unit] after one frame under an input [batch, column]


def linearised(flow: Flow, external: Tensor | None, chunk_size: int | None = 256) -> Linearised:
    """The transitions of any flow that torch can differentiate. external [frame, column]: the input held over each
    frame, or None. chunk_size: frames whose Jacobians are computed at once; None: all."""

    def alone(x: Tensor, held: Tensor | None) -> tuple[Tensor, Tensor]:
        following = flow(x[None], None if held is None else held[None])[0]
        return following, following

    jacobian = vmap(jacfwd(alone, has_aux=True), in_dims=(0, None if external is None else 0), chunk_size=chunk_size)

    def of(x: Tensor) -> Transition:
        by_state, following = jacobian(x, None if external is None else external[: len(x)])
        return Transition(following.detach(), by_state.detach())

    return of


@dataclass(frozen=True)
class PathProblem:
    """y [frame, unit] and how far it is trusted.

    measurement_sd: gamma, and process_sd: s, each a number or one per unit. sequence_start: frames that do not follow
    from the one before, the first among them or not; None: one sequence.
    """

    recorded: Tensor
    measurement_sd: Tensor | float
    process_sd: Tensor | float
    sequence_start: Tensor | None = None

    def __post_init__(self) -> None:
        for name, sd in (("measurement_sd", self.measurement_sd), ("process_sd", self.process_sd)):
            if not (torch.as_tensor(sd) > 0).all():
                raise ValueError(f"{name} must be above 0 for every unit, got {sd}. A path without noise is recorded.")

    @cached_property
    def weights(self) -> tuple[Tensor, Tensor]:
        """1 / gamma^2 [unit] and 1 / s^2 [frame - 1, unit], zero where a new sequence begins."""
        n_frames, n_units = self.recorded.shape
        one = torch.ones(n_units, dtype=torch.float64)
        within = torch.ones((n_frames - 1, 1), dtype=torch.float64)
        if self.sequence_start is not None:
            starts = self.sequence_start[self.sequence_start > 0]
            within[starts - 1] = 0
        gamma, s = (torch.as_tensor(sd, dtype=torch.float64) for sd in (self.measurement_sd, self.process_sd))
        return one / gamma**2, within / (one * s) ** 2

    def cost(self, x: Tensor, step: Transition) -> float:
        """The sum that x minimises."""
        observed, moved = self.weights
        misfit = (self.recorded.double() - x).pow(2) @ observed
        return float(misfit.sum() + (moved * (x[1:] - step.following).pow(2)).sum())

    @property
    def n_constraints(self) -> int:
        """Terms of the sum beyond the number of states, each 1 on average if gamma and s are right."""
        return int((self.weights[1] > 0).sum())

    def log_evidence(self, cost: float, log_determinant: float) -> float:
        """Of the recording, by Laplace's method around a minimum of that cost, where the normal matrix has that
        logarithm of its determinant; up to a constant that the shape of the recording decides."""
        observed, moved = self.weights
        log_weights = len(self.recorded) * observed.log().sum() + moved[moved > 0].log().sum()
        return (float(log_weights) - cost - log_determinant) / 2

    def normal(self, x: Tensor, step: Transition) -> "PathNormal":
        """The Gauss-Newton equations at x. Raises NoPathError where the law puts out no numbers."""
        observed, moved = self.weights
        if not (step.following.isfinite().all() and step.jacobian.isfinite().all()):
            lost = int((~step.following.isfinite()).any(dim=1).sum())
            raise NoPathError(
                f"The present law leaves the finite range within a frame, from {lost} of {len(step.following)} states. "
                "Start from a better fit, or from smoother states."
            )
        A, defect = step.jacobian, moved * (x[1:] - step.following)
        weighted = moved[:, :, None] * A  # [frame - 1, to, from]
        diagonal = torch.diag(observed).expand(len(x), -1, -1).clone()
        diagonal[1:] += torch.diag_embed(moved)
        diagonal[:-1] += A.mT @ weighted
        gradient = (x - self.recorded.double()) * observed
        gradient[1:] += defect
        gradient[:-1] -= (A.mT @ defect[:, :, None])[:, :, 0]
        return PathNormal(banded(diagonal, -weighted), gradient)


class PathNormal:
    """A block-tridiagonal normal matrix, factorised, and the gradient that goes with it [frame, unit]."""

    def __init__(self, band: np.ndarray, gradient: Tensor) -> None:
        try:
            self._factor = (cholesky_banded(band, lower=True, overwrite_ab=True, check_finite=False), True)
        except LinAlgError as error:
            raise NoPathError(
                f"The present law moves states so fast within a frame that rounding hides the path ({error}). "
                "Start from a better fit, or from smoother states."
            ) from error
        self.gradient = gradient

    def solve(self, right: Tensor) -> Tensor:
        """H^-1 right, for right [frame, unit] or [frame, unit, column]."""
        flat = right.reshape(right.shape[0] * right.shape[1], -1).numpy()
        return torch.from_numpy(cho_solve_banded(self._factor, flat, check_finite=False)).reshape(right.shape)

    @property
    def log_determinant(self) -> float:
        return 2 * float(np.log(self._factor[0][0]).sum())


@dataclass(frozen=True)
class LikelyPath:
    """states [frame, unit]; cost: the minimum; log_evidence: of the recording given the flow."""

    states: Tensor
    cost: float
    log_evidence: float


def most_likely_path(
    problem: PathProblem, linearised: Linearised, start: Tensor | None = None, iterations: int = ITERATIONS
) -> LikelyPath:
    """The minimum that Gauss-Newton steps reach from `start` [frame, unit], the recording itself by default."""
    x = (problem.recorded if start is None else start).double()
    step = linearised(x[:-1])
    cost = problem.cost(x, step)
    for _ in range(iterations):
        normal = problem.normal(x, step)
        move, before = -normal.solve(normal.gradient), cost
        for halving in range(HALVINGS):
            trial = x + move / 2**halving
            trial_step = linearised(trial[:-1])
            trial_cost = problem.cost(trial, trial_step)
            if trial_cost < cost:
                x, step, cost = trial, trial_step, trial_cost
                break
        if not before - cost > TOLERANCE * before:
            break
    return LikelyPath(x, cost, problem.log_evidence(cost, problem.normal(x, step).log_determinant))


def sampled_path(problem: PathProblem, linearised: Linearised, path: LikelyPath, generator: torch.Generator) -> Tensor:
    """A draw [frame, unit] from the normal approximation to what the states may have been, around the likeliest path.

    Perturb and solve (Papandreou & Yuille 2010): noise with the covariance of the gradient, then one linear solution.
    A fit to draws sees states that vary as the true ones do; the likeliest path varies less, and biases it.
    """
    x, step = path.states, linearised(path.states[:-1])
    observed, moved = problem.weights

    def noise(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=torch.float64)

    right = noise(x) * observed.sqrt()
    defect = noise(x[1:]) * moved.sqrt()
    right[1:] += defect
    right[:-1] -= (step.jacobian.mT @ defect[:, :, None])[:, :, 0]
    return x + problem.normal(x, step).solve(right)


@dataclass(frozen=True)
class JointStep:
    """One Gauss-Newton step of path and parameters together.

    states: change of the path [frame, unit]; parameters: change [parameter]; information: normal matrix of the
    parameters with the path free [parameter, parameter], the inverse of their covariance but for the prior;
    log_determinant: of the normal matrix of both, the prior included.
    """

    states: Tensor
    parameters: Tensor
    information: Tensor
    log_determinant: float


def joint_step(problem: PathProblem, x: Tensor, step: Transition, prior: Tensor, pull: Tensor) -> JointStep:
    """The step from states x. prior: precision that is added for the parameters [parameter, parameter]; pull: the
    gradient of that prior [parameter], prior @ (value - expected)."""
    if step.by_parameter is None:
        raise ValueError("A joint step needs the derivative of the flow by its parameters, got none.")
    B = step.by_parameter
    normal = problem.normal(x, step)
    moved = problem.weights[1]
    weighted = moved[:, :, None] * B
    coupling = torch.zeros((*x.shape, B.shape[2]), dtype=torch.float64)
    coupling[1:] -= weighted
    coupling[:-1] += step.jacobian.mT @ weighted
    flat, own = coupling.reshape(-1, B.shape[2]), B.reshape(-1, B.shape[2])
    solved = normal.solve(coupling).reshape(flat.shape)
    information = own.T @ weighted.reshape(own.shape) - flat.T @ solved
    information = (information + information.T) / 2
    slope = pull - (weighted * (x[1:] - step.following)[:, :, None]).sum(dim=(0, 1))
    free = normal.solve(normal.gradient)
    change = torch.linalg.solve(information + prior, solved.T @ normal.gradient.reshape(-1) - slope)
    log_determinant = normal.log_determinant + float(torch.logdet(information + prior))
    return JointStep(-free - (solved @ change).reshape(x.shape), change, information, log_determinant)


def banded(diagonal: Tensor, below: Tensor) -> np.ndarray:
    """Lower banded storage [2 unit, frame * unit] of diagonal blocks [frame, unit, unit] and of the blocks below them
    [frame - 1, to, from], as LAPACK reads it: band[i - j, j] = H[i, j]."""
    n_frames, n, _ = diagonal.shape
    band = np.zeros((n_frames, n, 2 * n))  # [frame, from, distance]
    for j in range(n):
        band[:, j, : n - j] = diagonal[:, j:, j].numpy()
        band[:-1, j, n - j : 2 * n - j] = below[:, :, j].numpy()
    return np.ascontiguousarray(band.reshape(n_frames * n, 2 * n).T)
