"""Homeostasis with the rate constants eliminated.

L(node, a [, F]) = min_k mean_ti (y_ti - h_ti - sum_j S_ij k_j law_tj)^2,   h = node(c, a),  y = dc/dt

A reaction-only fit gives part of the homeostasis to the rate constants, and a node function that is fitted afterwards
can only find the rest. Here k answers to every change of h, so that nothing is given away. `k: profiled` keeps the
substrate function F of phase 1, `k: joint` moves it too. Because k is the minimiser, the gradient of L through k
vanishes (envelope theorem): Golub & Pereyra (1973), Kaufman (1975).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import LBFGS, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.homeostasis.amplification import Gain
from hydra_llm.families.metabolism.homeostasis.losses import residual_size
from hydra_llm.families.metabolism.homeostasis.submodels import WithInput
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.phases.base import Step

INTERVALS = 20  # validations per fit
HISTORY = 30  # pairs that L-BFGS remembers
NULL_EIGENVALUE = 1e-13  # relative, of the scaled normal matrix: below it k stays where phase 1 left it
SMALLEST_K = 1e-12


class ProfiledPhase:
    """iterations of L-BFGS on all frames. joint: the substrate function moves too."""

    name = "homeostasis"

    def __init__(self, *, iterations: int, n_frames: int | None, joint: bool) -> None:
        self._iterations, self._n_frames, self._joint = iterations, n_frames, joint
        self._problem: _Problem | None = None

    @property
    def n_intervals(self) -> int:
        return min(INTERVALS, self._iterations)

    def optimizer(self, net: ReactionGNN) -> Optimizer:
        moved = [*net.node_func.parameters(), net.embedding.a]
        if self._joint:
            moved += [parameter for parameter in net.substrate.parameters() if parameter.requires_grad]
        return LBFGS(
            moved,
            lr=1,
            history_size=HISTORY,
            tolerance_grad=1e-16,
            tolerance_change=1e-18,
            line_search_fn="strong_wolfe",
        )

    def run(
        self, interval: int, net: ReactionGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        if self._problem is None:
            self._problem = _Problem(net, frames.spread(self._n_frames), self._joint)
        problem = self._problem
        first, last = (self._iterations * k // self.n_intervals for k in (interval, interval + 1))
        group = optimizer.param_groups[0]
        group["max_iter"], group["max_eval"] = last - first, 2 * (last - first)
        before, loss_before = copy.deepcopy(net.state_dict()), problem.loss(net)
        with Gain(net) as gain:
            gain.set(
                problem.unit
            )  # the node function puts out numbers of order one, in units of what it has to explain

            def closure() -> Tensor:
                optimizer.zero_grad()
                loss = problem.evaluate(net, gain.factor).loss
                loss.backward()
                return loss

            step(closure)
        loss = problem.settle(net)
        if not loss <= loss_before:  # NaN included
            net.load_state_dict(before)
            loss = problem.settle(net)
        with torch.no_grad():
            magnitude = float(net.node(problem.frames.activity, problem.frames.external).abs().mean())
        return {"phase2_loss": loss, "phase2_node_magnitude": magnitude}


@dataclass(frozen=True)
class _Found:
    loss: Tensor
    k: Tensor  # [reaction]


class _Problem:
    """L in units of what homeostasis has to explain, on a fixed set of frames."""

    def __init__(self, net: ReactionGNN, frames: Frames, joint: bool) -> None:
        self.frames, self._joint = frames, joint
        self.unit = residual_size(WithInput(net), frames)
        S = net.stoichiometry().detach()
        self._S, self._overlap = S, S.T @ S
        self._k0 = net.rate_constants().detach().clone()
        self._known = frames.target
        if frames.external is not None and net.input_mode == "additive":
            self._known = self._known - frames.external
        self._fixed = None if joint else self._system(net)

    def evaluate(self, net: ReactionGNN, factor: float) -> _Found:
        laws, solve = self._system(net) if self._fixed is None else self._fixed
        h = factor * net.node(self.frames.activity, self.frames.external)
        with torch.no_grad():
            unexplained_variance = self._known - h - (laws * self._k0) @ self._S.T
            k = self._k0 + solve((laws * (unexplained_variance @ self._S)).sum(dim=0))
        error = (self._known - h - (laws * k) @ self._S.T) / self.unit
        return _Found(error.pow(2).mean(), k)

    def loss(self, net: ReactionGNN) -> float:
        with torch.no_grad():
            return float(self.evaluate(net, 1.0).loss)

    def settle(self, net: ReactionGNN) -> float:
        """Write the minimiser into net.log_k. Returns L."""
        with torch.no_grad():
            found = self.evaluate(net, 1.0)
            if torch.isfinite(found.k).all():
                net.log_k.copy_(found.k.clamp_min(SMALLEST_K).log10())
        return float(found.loss)

    def _system(self, net: ReactionGNN) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """laws [frame, reaction] and the solver of the normal equations, sum_t (law law^T) * (S^T S) k = b.

        Reactions are scaled to equal size first. Where no data determine a combination of constants, the solution has
        none of it.
        """
        with torch.set_grad_enabled(self._joint and torch.is_grad_enabled()):
            laws = net.laws(self.frames.activity, self.frames.external)
        with torch.no_grad():
            normal = (laws.T @ laws) * self._overlap
            scale = normal.diagonal().clamp_min(1e-300).rsqrt()
            values, vectors = torch.linalg.eigh(normal * scale * scale[:, None])
            kept = values > NULL_EIGENVALUE * values[-1]
            root = scale[:, None] * vectors[:, kept] * values[kept].rsqrt()  # [reaction, rank]
        return laws, lambda b: root @ (root.T @ b)
