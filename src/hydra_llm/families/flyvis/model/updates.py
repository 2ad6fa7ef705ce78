"""How a neuron answers: dv_i/dt = f(v_i, a_i, msg_i, I_i)."""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from hydra_llm.families.flyvis.config import FlyvisGNNConfig
from hydra_llm.nn.embedding import beside
from hydra_llm.nn.mlp import MLP

_SLOWEST = 1e-3  # 1/s: rates at or below 0 are no relaxation


class UpdateFunction(nn.Module, ABC):
    """Built from the keys of conf/model, the number of neurons and the generator that its weights are drawn with."""

    def __init__(self, model: FlyvisGNNConfig, n_neurons: int, generator: Generator) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, v: Tensor, a: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        """dv/dt of states, received messages and input, each [batch, neuron]; a [neuron, embedding]."""

    def reset(self, generator: Generator) -> None:  # parameters of single neurons stay
        """Draw what all neurons share again, before another start of a fit."""


class GenericUpdate(UpdateFunction):
    """f = lin_phi(v, a, msg, I), one perceptron for all neurons, as published."""

    def __init__(self, model: FlyvisGNNConfig, n_neurons: int, generator: Generator) -> None:
        super().__init__(model, n_neurons, generator)
        self.mlp = MLP(
            n_in=3 + model.embedding_dim,
            n_out=1,
            hidden_dim=model.hidden_dim,
            n_layers=model.n_layers,
            activation=model.activation,
            linear_path=False,
            generator=generator,
        )

    def forward(self, v: Tensor, a: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        return self.mlp(torch.cat([beside(v, a), msg.unsqueeze(-1), external.unsqueeze(-1)], dim=-1)).squeeze(-1)

    def reset(self, generator: Generator) -> None:
        self.mlp.reset(generator)


class Relaxation(UpdateFunction):
    """Leaky integration with parameters per neuron: f = (-v + msg + I + v_rest) / tau.

    rate = 1/tau = softplus(raw_rate), in 1/s, and v_rest, each [neuron].
    """

    def __init__(self, model: FlyvisGNNConfig, n_neurons: int, generator: Generator) -> None:
        super().__init__(model, n_neurons, generator)
        self.raw_rate = nn.Parameter(torch.empty(n_neurons))
        self.v_rest = nn.Parameter(torch.zeros(n_neurons))
        self.set_rate(torch.full((n_neurons,), model.initial_rate))

    @property
    def rate(self) -> Tensor:
        return softplus(self.raw_rate)

    @property
    def tau(self) -> Tensor:
        return 1 / self.rate

    def set_rate(self, rate: Tensor) -> None:
        """Give the neurons these rates; values at or below 0 become 1e-3 per second."""
        with torch.no_grad():
            rate = rate.double().clamp_min(_SLOWEST)
            self.raw_rate.copy_(rate + torch.log(-torch.expm1(-rate)))  # inverse of softplus

    def forward(self, v: Tensor, a: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        return self.rate * (-v + msg + external + self.v_rest)
