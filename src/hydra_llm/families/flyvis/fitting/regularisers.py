"""Penalties on the parts of a flyvis network, added to the objective with their coefficient.

x is 1.5 sd of the recorded activity (xnorm of the publications), d = 0.05 x. u is one frame of the batch, a
random one because the batch is, with all neurons: so the published coefficients keep their scale for every batch
size. Penalties marked annealed are multiplied by 1 - exp(-rate (epoch + 1)). The publications have epoch in place of
epoch + 1, so a fit of one epoch has no such penalty. With rate 0 a penalty has its full strength, there and here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor, nn

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.updates import Relaxation

_WARM_UP = 0.3  # share of the steps before linearity and centering act
_RAMP = 200  # steps over which they then rise
_POINTS = 20  # states at which linearity looks


@dataclass
class TrainingProgress:
    """How far a fit is; set by the phase, read by penalties that change with it."""

    annealing_rate: float
    epoch: int = 0
    step: int = 0
    n_steps: int = 1

    @property
    def annealing(self) -> float:
        if self.annealing_rate == 0:
            return 1.0
        return float(-torch.expm1(torch.tensor(-self.annealing_rate * (self.epoch + 1))))

    @property
    def late(self) -> float:
        """0 in the warm-up, then rising to 1."""
        return min(1.0, max(0.0, (self.step - _WARM_UP * self.n_steps) / _RAMP))


@dataclass(frozen=True)
class RecordedStatistics:
    """What penalties know of the recording: x (1.5 sd of all states), mean and sd of each neuron."""

    x: float
    mean: Tensor  # [neuron]
    sd: Tensor  # [neuron]

    @classmethod
    def of(cls, frames: Frames) -> "RecordedStatistics":
        v = frames.activity
        return cls(1.5 * float(v.std()), v.mean(dim=0), v.std(dim=0))


@dataclass(frozen=True)
class GraphPenalties:
    """All penalties of a fit with a coefficient above zero, as one term of the loss."""

    coefficients: dict[str, float]
    recorded: RecordedStatistics
    progress: TrainingProgress
    _chosen: tuple[tuple[float, str, Callable[..., Tensor]], ...] = field(init=False, default=())

    @classmethod
    def of(cls, training: FlyvisTraining, frames: Frames, progress: TrainingProgress) -> Self:
        return cls({name: getattr(training, name) for name in KINDS}, RecordedStatistics.of(frames), progress)

    def __post_init__(self) -> None:
        for key, coeff in self.coefficients.items():
            if key not in KINDS:
                raise ValueError(f"A regulariser must be one of {', '.join(KINDS)}, got training.{key}.")
            if coeff < 0:
                raise ValueError(f"training.{key} must be at least 0, got {coeff}.")
        chosen = tuple((c, *KINDS[key]) for key, c in self.coefficients.items() if c > 0)
        object.__setattr__(self, "_chosen", chosen)

    def check(self, net: FlyvisGNN) -> None:
        """Raise ValueError for a penalty on a function that the network does not have."""
        for key, coeff in self.coefficients.items():
            if coeff > 0 and key.startswith("coeff_edge") and net.message_is_known:
                raise ValueError(
                    f"training.{key} must be 0, got {coeff}: it penalises the message function, and that of "
                    f"model.message_form ({type(net.lin_edge).__name__}) has no parameters."
                )
            if coeff > 0 and key.startswith("coeff_phi_weight") and isinstance(net.lin_phi, Relaxation):
                raise ValueError(
                    f"training.{key} must be 0 with model.update_form=relaxation, got {coeff}: it penalises the "
                    "weights of lin_phi, which that form does not have. model=flyvis_gnn_published has them."
                )

    def __call__(self, net: FlyvisGNN, u: Tensor) -> Tensor:
        """The sum of the penalties, given the states u [batch, neuron] of the batch."""
        factors = {"constant": 1.0, "annealed": self.progress.annealing, "late": self.progress.late}
        total = u.new_zeros(())
        for coeff, when, kind in self._chosen:
            if factors[when] > 0:
                total = total + coeff * factors[when] * kind(net, u[:1], self.recorded)
        return total


def W_L1(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum_e |W_e|: few synapses."""
    return net.W.abs().sum()


def W_L2(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||W||_2: weak synapses. Acts beside W_L1."""
    return torch.linalg.vector_norm(net.W)


def W_sign(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum_j (n+_j / n_j) (n-_j / n_j), soft counts n+- = sum_e sigmoid(+-10 W_e) over the edges that leave j (Dale)."""
    source = net.graph.source
    n = torch.bincount(source, minlength=net.n_neurons).clamp_min(1).to(net.W.dtype)
    positive = torch.zeros_like(n).index_add(0, source, torch.sigmoid(10 * net.W)) / n
    negative = torch.zeros_like(n).index_add(0, source, torch.sigmoid(-10 * net.W)) / n
    return (positive * negative).sum()


def edge_diff(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||relu(g(u) - g(u + d))||_2: the message never falls as the state rises."""
    fall = torch.relu(net.message(u) - net.message(u + 0.05 * recorded.x))
    return torch.linalg.vector_norm(fall)


def edge_norm(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||g(2 x) - 2 x||_2: fixes the scale of the message."""
    top = torch.full_like(u, 2 * recorded.x)
    return torch.linalg.vector_norm(net.message(top) - top)


def edge_zero(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||g(min(u, 0))||_2: a silent neuron sends nothing; closes the gauge of v_rest."""
    return torch.linalg.vector_norm(net.message(u.clamp_max(0)))


def edge_weight_L1(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum |theta| over the parameters of g, biases included."""
    return _norms(net.lin_edge, 1)


def edge_weight_L2(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum of ||theta||_2 over the parameter tensors of g, biases included."""
    return _norms(net.lin_edge, 2)


def phi_weight_L1(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum |theta| over the parameters of f, biases included."""
    return _norms(net.lin_phi, 1)


def phi_weight_L2(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """sum of ||theta||_2 over the parameter tensors of f, biases included."""
    return _norms(net.lin_phi, 2)


def phi_zero(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||f(0, a, 1, 1)||_2 as published. The true law is not zero there: this pulls v_rest towards -2."""
    zero = torch.zeros_like(u)
    return torch.linalg.vector_norm(net.update(zero, zero + 1, zero + 1))


def update_diff(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||relu(f(0, a, m0, 1) - f(0, a, m1, 1))||_2, m0 = g(u), m1 = g(u + d): f rises with the message."""
    zero = torch.zeros_like(u)
    low, high = net.message(u), net.message(u + 0.05 * recorded.x)
    return torch.linalg.vector_norm(torch.relu(net.update(zero, low, zero + 1) - net.update(zero, high, zero + 1)))


def update_msg_diff(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||relu(f(msg) - f(msg + d))||_2 at the received messages, without input."""
    msg = net.graph(net.W, net.message(u))
    zero = torch.zeros_like(u)
    return torch.linalg.vector_norm(torch.relu(net.update(u, msg, zero) - net.update(u, msg + 0.05 * recorded.x, zero)))


def update_msg_sign(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """||tanh(f(0, a, msg, 0) / 0.1) - tanh(msg / 0.1)||_2: from rest the state follows the sign of the message."""
    msg = net.graph(net.W, net.message(u))
    zero = torch.zeros_like(u)
    return torch.linalg.vector_norm(torch.tanh(net.update(zero, msg, zero) / 0.1) - torch.tanh(msg / 0.1))


def update_linearity(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """mean (f(v, a, 0, 0) - its least-squares line in v)^2 over 20 states in mean +- 2 sd of each neuron."""
    place = torch.linspace(-2, 2, _POINTS, dtype=u.dtype, device=u.device).unsqueeze(1)
    v = recorded.mean.to(u) + place * recorded.sd.to(u)  # [point, neuron]
    zero = torch.zeros_like(v)
    f = net.update(v, zero, zero)
    centred = place - place.mean()  # the line in v is the line in its place
    slope = (centred * f).sum(0) / centred.square().sum()
    return (f - f.mean(0) - slope * centred).square().mean()


def update_centering(net: FlyvisGNN, u: Tensor, recorded: RecordedStatistics) -> Tensor:
    """mean f(mean state, a, 0, 0)^2 as published. The true law is zero there only without messages and input."""
    zero = torch.zeros_like(u)
    return net.update(recorded.mean.to(u).expand_as(u), zero, zero).square().mean()


def _norms(part: nn.Module, order: int) -> Tensor:
    return torch.stack([torch.linalg.vector_norm(values, order) for values in part.parameters()]).sum()


KINDS: dict[str, tuple[str, Callable[[FlyvisGNN, Tensor, RecordedStatistics], Tensor]]] = {
    "coeff_W_L1": ("annealed", W_L1),
    "coeff_W_L2": ("annealed", W_L2),
    "coeff_W_sign": ("constant", W_sign),
    "coeff_edge_diff": ("constant", edge_diff),
    "coeff_edge_norm": ("constant", edge_norm),
    "coeff_edge_zero": ("constant", edge_zero),
    "coeff_edge_weight_L1": ("annealed", edge_weight_L1),
    "coeff_edge_weight_L2": ("annealed", edge_weight_L2),
    "coeff_phi_weight_L1": ("annealed", phi_weight_L1),
    "coeff_phi_weight_L2": ("annealed", phi_weight_L2),
    "coeff_phi_zero": ("constant", phi_zero),
    "coeff_update_diff": ("constant", update_diff),
    "coeff_update_msg_diff": ("constant", update_msg_diff),
    "coeff_update_msg_sign": ("constant", update_msg_sign),
    "coeff_update_linearity": ("late", update_linearity),
    "coeff_update_centering": ("late", update_centering),
}
