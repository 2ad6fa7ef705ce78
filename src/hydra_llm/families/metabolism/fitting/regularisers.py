"""Penalties on the parts of a reaction network, one small object each, added to the objective with their coefficient.

c runs over the concentrations of the batch; f is the contribution of a substrate of order 1, F(c, 1). Names and forms
are those of the published protocols, where every one of them acts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.penalties import Penalty, penalties_of

_POINTS = 100  # of the monotonicity penalty, from 0.1 to twice the scale of the concentrations


@dataclass(frozen=True)
class SL1:
    """coeff * sum |S_ij|: few and small coefficients."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        return self.coeff * net.stoichiometry().abs().sum()


@dataclass(frozen=True)
class SInteger:
    """coeff * mean sin^2(pi S_ij) over the known support: whole numbers."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        off = torch.sin(torch.pi * net.stoichiometry()).square()
        return self.coeff * off.sum() / net.support.sum().clamp_min(1)


@dataclass(frozen=True)
class MassConservation:
    """coeff * mean_j (sum_i S_ij)^2: what a reaction consumes, it produces."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        return self.coeff * net.stoichiometry().sum(dim=0).square().mean()


@dataclass(frozen=True)
class SubDiff:
    """coeff * || relu(|f(c)| - |f(c + h)|) ||_2 over 100 points c of spacing h: the contribution never falls."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        top = 2 * float(net.state_scale)
        grid = torch.linspace(min(0.1, top / _POINTS), top, _POINTS + 1, dtype=c.dtype, device=c.device)
        f = _first_order(net, grid)
        return self.coeff * torch.linalg.vector_norm(torch.relu(f[:-1] - f[1:]))


@dataclass(frozen=True)
class SubNorm:
    """coeff * (|f(1)| - 1)^2: fixes the gauge of the substrate function."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        return self.coeff * (_first_order(net, c.new_ones(1)) - 1).square().sum()


@dataclass(frozen=True)
class NodeL1:
    """coeff * mean |node function| over the batch (at clock zero, where there is a clock): a small homeostasis."""

    coeff: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        return self.coeff * net.node(c, c.new_zeros((len(c), 1))).abs().mean()


@dataclass(frozen=True)
class KFloor:
    """coeff * sum_j relu(threshold - log10 k_j)^2: constants that no data determine do not drift away."""

    coeff: float
    threshold: float

    def __call__(self, net: ReactionGNN, c: Tensor) -> Tensor:
        return self.coeff * torch.relu(self.threshold - net.log_k).square().sum()


def reaction_regularisers(training: MetabolismTraining) -> tuple[Penalty, ...]:
    """The penalties with a coefficient above zero, in the order of the keys."""
    kinds: dict[str, Callable[[float], Penalty]] = {
        "coeff_S_L1": SL1,
        "coeff_S_integer": SInteger,
        "coeff_mass_conservation": MassConservation,
        "coeff_MLP_sub_diff": SubDiff,
        "coeff_MLP_sub_norm": SubNorm,
        "coeff_MLP_node_L1": NodeL1,
        "coeff_k_floor": partial(KFloor, threshold=training.k_floor_threshold),
    }
    return penalties_of(training, kinds)


def _first_order(net: ReactionGNN, c: Tensor) -> Tensor:
    """|F(c, 1)| [point] at concentrations c [point]; of the lowest order where no substrate has order one."""
    return net.substrate.log_factor(c)[:, 0].exp()
