"""Penalties on the parts of a signal network, one small object each, added to the objective with their coefficient.

u_max is round(1.5 sd of the recorded activity), the largest state at which the functions are asked about; u runs over
the states of the batch. Names and forms are those of the published protocols.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.mlp import MLP
from hydra_llm.training.penalties import Penalty, penalties_of

_RISE = 150  # the step of the monotonicity penalty is u_max / 150


@dataclass(frozen=True)
class WL1:
    """coeff * sum_ij |W_ij|: few synapses."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * net.connectivity().abs().sum()


@dataclass(frozen=True)
class WL2:
    """coeff * ||W||_2: weak synapses."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * torch.linalg.vector_norm(net.connectivity())


@dataclass(frozen=True)
class WSign:
    """coeff * sum_j sd_i(tanh(10 W_ij)): the synapses of one source share their sign (Dale's law)."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * torch.tanh(10 * net.connectivity()).std(dim=0).sum()


@dataclass(frozen=True)
class EdgeDiff:
    """coeff * || relu(message(u) - message(u + u_max/150)) ||_2: the message never falls as the state rises."""

    coeff: float
    u_max: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        fall = torch.relu(net.message(u) - net.message(u + self.u_max / _RISE))
        return self.coeff * torch.linalg.vector_norm(fall)


@dataclass(frozen=True)
class EdgeNorm:
    """coeff * || message(2 u_max) - 1 ||_2: fixes the scale gauge at the upper plateau."""

    coeff: float
    u_max: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        top = torch.full((1, net.n_neurons), 2 * self.u_max, dtype=u.dtype, device=u.device)
        return self.coeff * torch.linalg.vector_norm(net.message(top) - 1)


@dataclass(frozen=True)
class PhiZero:
    """coeff * || update(0) ||_2: a silent neuron without input stays silent."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * torch.linalg.vector_norm(net.update(torch.zeros_like(u[:1])))


@dataclass(frozen=True)
class EdgeWeight:
    """coeff * sum |theta| over the weights of the message function."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * _weight_sum(net.lin_edge)


@dataclass(frozen=True)
class PhiWeight:
    """coeff * sum |theta| over the weights of the update function."""

    coeff: float

    def __call__(self, net: SignalGNN, u: Tensor) -> Tensor:
        return self.coeff * _weight_sum(net.lin_phi)


def regularisers(training: SignalTraining, *, u_max: float) -> tuple[Penalty, ...]:
    """The penalties with a coefficient above zero, in the order of the keys."""
    kinds: dict[str, Callable[[float], Penalty]] = {
        "coeff_W_L1": WL1,
        "coeff_W_L2": WL2,
        "coeff_W_sign": WSign,
        "coeff_edge_diff": partial(EdgeDiff, u_max=u_max),
        "coeff_edge_norm": partial(EdgeNorm, u_max=u_max),
        "coeff_edge_weight_L1": EdgeWeight,
        "coeff_phi_weight_L1": PhiWeight,
        "coeff_phi_zero": PhiZero,
    }
    return penalties_of(training, kinds)


def _weight_sum(mlp: MLP) -> Tensor:
    return torch.stack([values.abs().sum() for name, values in mlp.named_parameters() if "weight" in name]).sum()
