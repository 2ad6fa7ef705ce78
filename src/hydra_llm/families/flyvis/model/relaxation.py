"""Leaky integration with parameters per neuron: dv_i/dt = (-v_i + msg_i + I_i + v_rest_i) / tau_i."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

_SLOWEST = 1e-3  # 1/s: rates at or below 0 are no relaxation


class Relaxation(nn.Module):
    """rate = 1/tau = softplus(raw_rate), in 1/s, and v_rest, each [neuron]."""

    def __init__(self, n_neurons: int, rate: float) -> None:
        """rate: 1/tau of all neurons at the start, in 1/s."""
        super().__init__()
        self.raw_rate = nn.Parameter(torch.empty(n_neurons))
        self.v_rest = nn.Parameter(torch.zeros(n_neurons))
        self.set_rate(torch.full((n_neurons,), rate))

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

    def forward(self, v: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        """dv/dt [batch, neuron] of states, received messages and input, each [batch, neuron]."""
        return self.rate * (-v + msg + external + self.v_rest)
