"""Gauss-Newton steps on the substrate function; rate constants and lines are eliminated.

A recording in which little moves leaves combinations of substrate function and rate constants that change the
derivative by a millionth. L-BFGS stops long before it has found those. The function has thousands of weights, but what
they can do to one smooth curve is spanned by some dozen directions, so a step solves a small dense problem
(Levenberg-Marquardt, with the linear unknowns projected out as in Ruhe and Wedin, SIAM Review 22 (1980) 318).
"""

from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.rate_constants import solve_rate_constants
from hydra_llm.families.metabolism.fitting.reduced import left_to_explain, line_features
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.metabolism.model.substrate import LogSubstrate
from hydra_llm.nn import flat_weights
from hydra_llm.nn.interpolation_table import InterpolationTable
from hydra_llm.training.phases.base import FitData, Step

DIRECTIONS = 60  # of the function that are moved
WEAKEST = 1e-10  # relative singular value of a direction that is left out
DAMPING = 1e-2  # at the start, relative to the largest singular value
TRIED = (0.1, 0.3, 1.0, 3.0)  # dampings of one step, relative to the last one
LATELY = 10  # steps that together must halve the loss, or are the last
N_NODES, N_COARSE = 1000, 200  # of the tables of log F, and of what directions do to it
_BLOCK = 100  # frames per step of a Jacobian


@dataclass(frozen=True)
class NewtonPhase:
    """At most `iterations` steps on n_frames evenly spaced frames (None: all), then the rate constants.

    lines: a line per metabolite is eliminated too.
    """

    iterations: int
    n_frames: int | None
    lines: bool
    name: str = field(default="newton", init=False)
    n_intervals: int = field(default=1, init=False)

    @classmethod
    def of(cls, training: MetabolismTraining, data: FitData) -> Self:
        return cls(training.newton_iterations, training.projection_frames, training.linear_homeostasis)

    def optimizer(self, net: ReactionGNN) -> Optimizer:
        return SGD(net.substrate.parameters(), lr=0.0)  # no gradient is followed; Lightning counts its one step

    def run(
        self, interval: int, net: ReactionGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        loss = CurveProblem(net, frames.spread(self.n_frames), lines=self.lines).descend(net, self.iterations)
        solution = solve_rate_constants(net, frames, lines=self.lines)
        step(lambda: torch.zeros(()))
        return {"newton_loss": loss, **solution}


class CurveProblem:
    """The share of the derivative that is left when rate constants and lines are the best for a substrate function."""

    def __init__(self, net: ReactionGNN, frames: Frames, *, lines: bool) -> None:
        self.frames, self._S = frames, net.stoichiometry().detach().double()
        self._known = left_to_explain(net, frames).double()
        self._size = self._known.pow(2).sum()
        features = line_features(net, frames).transpose(0, 1).double()  # [metabolite, frame, feature]
        self._features = features if lines else features[:, :, :0]
        self._taking_part, self._own_S = _reactions_of(self._S)
        x = _substrate(net).scaled(frames.activity).detach().double()
        self._table = InterpolationTable(x, N_NODES, shared=True)
        self._coarse = InterpolationTable(x, N_COARSE, shared=True)

    @torch.no_grad()
    def descend(self, net: ReactionGNN, iterations: int) -> float:
        """Steps until they no longer pay. Returns the loss."""
        mlp = _substrate(net).mlp
        weights, damping, loss = flat_weights.flat(mlp), DAMPING, self.loss(net)
        losses = [loss]
        for _ in range(iterations):
            best, start = (loss, weights, damping), weights
            for tried, step in self._steps(net, damping):
                flat_weights.write(mlp, start + step)
                found = self.loss(net)
                if found < best[0]:
                    best = (found, start + step, tried)
            flat_weights.write(mlp, best[1])
            improved = best[0] < loss
            loss, weights, damping = best
            losses.append(loss)
            if not improved or (len(losses) > LATELY and loss > losses[-1 - LATELY] / 2):
                break
        return loss

    @torch.no_grad()
    def loss(self, net: ReactionGNN) -> float:
        R = self._triangle(net, None)
        return float(R[-1, -1] ** 2 / self._size)

    def _steps(self, net: ReactionGNN, damping: float) -> list[tuple[float, Tensor]]:
        """Dampings, and the changes of the weights that they allow."""
        basis, back = _directions(_substrate(net), self._coarse.nodes[:, 0])
        own = slice(net.n_reactions, -1)
        R = self._triangle(net, basis)
        U, s, Vh = torch.linalg.svd(R[own, own], full_matrices=False)
        seen, dampings = U.T @ R[own, -1], [damping * share for share in TRIED]
        return [(d, back @ (Vh.T @ (s * seen / (s**2 + (d * s[0]) ** 2)))) for d in dampings]

    def _triangle(self, net: ReactionGNN, basis: Tensor | None) -> Tensor:
        """R of a QR factorisation of (reactions [, directions of the function], derivative), without the lines.

        basis [node, order, direction]: changes of log F at the nodes; None: the function stays. A metabolite sees its
        own reactions and its own line only, so its equations are condensed before all are taken together.
        """
        laws = self._laws(net)
        return self._condensed(laws, None if basis is None else self._moved(net, laws, basis))

    def _condensed(self, laws: Tensor, moved: Tensor | None) -> Tensor:
        """That factorisation; moved [metabolite, frame, direction]: what the directions do to the derivative."""
        rates = laws[:, self._taking_part] * self._own_S  # [frame, metabolite, reaction in which it takes part]
        columns = [self._features, rates.transpose(0, 1)]
        if moved is not None:
            columns.append(moved)
        R = torch.linalg.qr(torch.cat([*columns, self._known.T.unsqueeze(-1)], dim=2), mode="r").R
        n_lines, n_own = self._features.shape[2], self._taking_part.shape[1]
        R = R[:, n_lines:, n_lines:]  # what is left of a metabolite's equations once its line has been chosen
        n, height, width = R.shape
        n_reactions = self._S.shape[1]
        rows = R.new_zeros((n, height, n_reactions + width - n_own))
        rows.scatter_add_(2, self._taking_part[:, None, :].expand(n, height, n_own), R[:, :, :n_own])
        rows[:, :, n_reactions:] = R[:, :, n_own:]
        return torch.linalg.qr(rows.flatten(0, 1), mode="r").R

    def _laws(self, net: ReactionGNN) -> Tensor:
        """Rates per unit of their constants [frame, reaction]."""
        at_nodes = _substrate(net).of_scaled(self._table.nodes[:, 0].to(net.log_k.dtype))
        log_factors = self._table.spread(at_nodes.double()).reshape(*self._known.shape, -1)
        log_products = log_factors.flatten(1) @ net.incidence.double()
        return net.driven(log_products.exp(), self.frames.external)

    def _moved(self, net: ReactionGNN, laws: Tensor, basis: Tensor) -> Tensor:
        """What the directions do to the derivative [metabolite, frame, direction] with the best rate constants."""
        R = self._condensed(laws, None).cpu()  # gelsd, which bears a rank that is not full, is none of CUDA
        k = torch.linalg.lstsq(R[:-1, :-1], R[:-1, -1:], driver="gelsd").solution[:, 0].to(laws.device)
        n_frames, n, n_directions = *self._known.shape, basis.shape[2]
        spread = self._coarse.spread(basis.flatten(1)).reshape(n_frames, -1, n_directions)
        moved = laws.new_empty((n, n_frames, n_directions))  # by_factor [frame, metabolite, (other, order)]
        for start in range(0, n_frames, _BLOCK):
            part = slice(start, start + _BLOCK)
            by_factor = ((laws[part] * k)[:, None, :] * self._S) @ net.incidence.double().T
            moved[:, part] = (by_factor @ spread[part]).transpose(0, 1)
        return moved


def _substrate(net: ReactionGNN) -> LogSubstrate:
    if not isinstance(net.substrate, LogSubstrate):
        raise ValueError(
            f"model.substrate_form must be log for training.newton_iterations above 0, got "
            f"{type(net.substrate).__name__}: its rate is not a product. Set one of them."
        )
    return net.substrate


def _directions(substrate: LogSubstrate, x: Tensor) -> tuple[Tensor, Tensor]:
    """What small changes of the weights do to log F at x [node]: a basis [node, order, direction], and the changes of
    the weights [weight, direction] behind it, of unit length and orthogonal."""
    points = substrate.inputs(x).flatten(0, 1).double()
    J = flat_weights.jacobian(substrate.mlp, flat_weights.flat(substrate.mlp), points)  # [(node, order), weight]
    U, s, Vh = torch.linalg.svd(J, full_matrices=False)
    kept = min(DIRECTIONS, int((s > WEAKEST * s[0]).sum()))
    return (U[:, :kept] * s[:kept]).reshape(len(x), -1, kept), Vh[:kept].T


def _reactions_of(S: Tensor) -> tuple[Tensor, Tensor]:
    """The reactions of every metabolite [metabolite, reaction in which it takes part] and its coefficients there;
    metabolites with fewer reactions are filled up with coefficients of zero."""
    most = int((S != 0).sum(dim=1).max())
    order = (S != 0).int().argsort(dim=1, descending=True, stable=True)[:, :most]
    return order, S.gather(1, order)
