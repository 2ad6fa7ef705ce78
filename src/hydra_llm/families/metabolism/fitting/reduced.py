"""The reduced problem of reaction networks: rate constants and lines are eliminated, the substrate function is left.

L(F) = min_(k, slope, offset) mean_ti (y_ti - sum_j S_ij law_tj k_j - slope_i c_ti - offset_i [- swing_i clock_t])^2

The rows of metabolite i hold S_ij law_tj, so the normal matrix of k is (S^T S) * (law^T law), elementwise, and costs
one matrix product whatever the number of metabolites. The derivative of L through the eliminated unknowns vanishes
(envelope theorem), so none is taken. Columns are scaled to unit length, which also removes the gauge of F.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.model.gnn import LN10, ReactionGNN
from hydra_llm.families.metabolism.model.substrate import LogSubstrate
from hydra_llm.nn.interpolation_table import InterpolationTable


@dataclass(frozen=True)
class Solved:
    """One evaluation: the loss carries the gradient; k [reaction], lines [metabolite, feature] or None."""

    loss: Tensor
    k: Tensor
    lines: Tensor | None


class ReactionProblem:
    """L on a fixed set of frames. F is evaluated through a table over log c (nn.interpolation_table)."""

    def __init__(self, net: ReactionGNN, frames: Frames, n_nodes: int, *, lines: bool) -> None:
        if not isinstance(net.substrate, LogSubstrate):
            raise ValueError(
                f"model.substrate_form must be log for variable projection, got {type(net.substrate).__name__}: its "
                "rate is not a product. Set model.substrate_form=log, or training.projection_iterations=0."
            )
        if not net.freeze_stoichiometry:
            raise ValueError(
                "training.freeze_stoichiometry must be true for variable projection, got false: it eliminates rate "
                "constants for a known stoichiometry. Set it, or training.projection_iterations=0."
            )
        self.frames = frames
        scaled = net.substrate.scaled(frames.activity)
        self.table = InterpolationTable(scaled, n_nodes, shared=True)
        self._S = net.stoichiometry().detach()
        self._known = left_to_explain(net, frames)
        self.variance = self._known.pow(2).mean()
        self._features = line_features(net, frames) if lines else None

    def laws(self, net: ReactionGNN) -> Tensor:
        """Rates per unit of their constants [frame, reaction]."""
        assert isinstance(net.substrate, LogSubstrate)  # checked when the problem was set up
        table = net.substrate.of_scaled(self.table.nodes[:, 0])  # [node, order]
        logs = torch.stack([self.table(column[:, None]) for column in table.T], dim=-1)
        return net.driven(net.log_product(logs).exp(), self.frames.external)

    def evaluate(self, net: ReactionGNN, ridge: float) -> Solved:
        laws = self.laws(net)
        with torch.no_grad():
            k, lines = self._solve(laws.detach(), ridge)
        residual = self._known - (laws * k) @ self._S.T
        if self._features is not None and lines is not None:
            residual = residual - torch.einsum("tih,ih->ti", self._features, lines)
        return Solved(residual.pow(2).mean() / self.variance, k, lines)

    def settle(self, net: ReactionGNN, ridge: float) -> float:
        """Write the minimiser into log_k and linear; a constant that is not positive keeps its value. Returns L."""
        with torch.no_grad():
            found = self.evaluate(net, ridge)
            if torch.isfinite(found.k).all():
                net.log_k.copy_(torch.where(found.k > 0, found.k.clamp_min(1e-30).log() / LN10, net.log_k))
                if found.lines is not None:
                    net.linear.copy_(found.lines)
        return float(found.loss)

    def _solve(self, laws: Tensor, ridge: float) -> tuple[Tensor, Tensor | None]:
        """k [reaction] and lines from the normal equations, in units of unit columns; ridge relative to those.

        In float64 whatever the recording. Laws that are no numbers give a solution that is none.
        """
        dtype, laws, S, known = laws.dtype, laws.double(), self._S.double(), self._known.double()
        m, n = laws.shape[1], S.shape[0]
        normal, right = (S.T @ S) * (laws.T @ laws), (laws * (known @ S)).sum(dim=0)
        if self._features is not None:
            features = self._features.double()
            h = features.shape[2]
            cross = torch.einsum("tj,tih->jih", laws, features) * S.T.unsqueeze(-1)  # [reaction, metabolite, h]
            own = torch.einsum("tih,tig->ihg", features, features)
            full = normal.new_zeros((m + n * h, m + n * h))
            full[:m, :m], full[:m, m:], full[m:, :m] = normal, cross.reshape(m, -1), cross.reshape(m, -1).T
            full[m:, m:] = torch.block_diag(*own)
            normal = full
            right = torch.cat([right, torch.einsum("tih,ti->ih", features, known).reshape(-1)])
        scale = torch.where(normal.diagonal() > 0, normal.diagonal().clamp_min(1e-300).rsqrt(), 0.0)
        scaled = normal * scale * scale[:, None]
        scaled.diagonal().add_(ridge)
        factor, fault = torch.linalg.cholesky_ex(scaled)
        solution = scale * torch.cholesky_solve((scale * right)[:, None], factor)[:, 0]
        solution = torch.where(fault == 0, solution, torch.nan).to(dtype)
        return solution[:m], solution[m:].reshape(n, -1) if self._features is not None else None


@torch.no_grad()
def left_to_explain(net: ReactionGNN, frames: Frames) -> Tensor:
    """The target without additive input and node function [frame, metabolite]: for reactions and lines."""
    known = frames.target
    if frames.external is not None and net.input_mode == "additive":
        known = known - frames.external
    return known - net.node(frames.activity, frames.external)


def line_features(net: ReactionGNN, frames: Frames) -> Tensor:
    """(c, 1 [, clock]) [frame, metabolite, feature]."""
    c = frames.activity
    features = [c, torch.ones_like(c)]
    if net.input_mode == "clock":
        assert frames.external is not None  # such a recording has a clock
        features.append(frames.external.expand_as(c))
    return torch.stack(features, dim=-1)
