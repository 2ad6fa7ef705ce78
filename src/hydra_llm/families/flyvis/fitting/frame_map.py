"""What a fitted law makes of a voltage within one recorded frame, integrated finely.

The leak is integrated exactly and what a neuron receives to second order (exponential Runge-Kutta, ETD2RK of Cox &
Matthews 2002): most time constants are as short as a frame, where Euler steps are off by a quarter.
"""

import warnings

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.closed_form import relaxation_of
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

_NODES = 2000  # of the table of the message function; straight lines in between, and beyond the recorded range
_STEPS = 2  # exponential ones per frame


class FrameMap:
    """Phi(v, I) of a network with the relaxation update. v and I [neuron, sequence].

    reach: lowest and highest voltage of the recording. delta_t: of a frame, in seconds. substeps: None for the flow of
    the law; a number for so many Euler steps, where a simulator is known to have taken them.
    """

    def __init__(self, net: FlyvisGNN, reach: tuple[float, float], delta_t: float, substeps: int | None = None) -> None:
        relaxation = relaxation_of(net)
        with torch.no_grad():
            rate = relaxation.rate
            self.rate, self._drive = rate[:, None], (rate * relaxation.v_rest)[:, None]
            source, target = net.edge_index
            weight = net.W * rate[target]
            nodes = torch.linspace(*reach, _NODES, dtype=net.W.dtype, device=net.W.device)
            if net.edge_embedding:
                curves = net.message(nodes[:, None].expand(-1, net.n_neurons)).T
            else:
                curves = net.lin_edge(nodes[:, None], nodes.new_zeros((1, 0))).T  # one curve for all
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse ")  # CSR is in beta, and its checks are off
            shape = (net.n_neurons, net.n_neurons)
            self._synapses = torch.sparse_coo_tensor(torch.stack([target, source]), weight, shape).to_sparse_csr()
        self.reach = reach
        self._low, self._step, self._curves = nodes[0], nodes[1] - nodes[0], curves.contiguous()
        self._row = torch.arange(len(curves), device=nodes.device)[:, None] * _NODES
        self._delta_t, self._substeps = delta_t, substeps

    def _message(self, v: Tensor) -> Tensor:
        place = (v - self._low) / self._step
        left = place.floor().clamp(0, _NODES - 2)
        index, flat = self._row + left.long(), self._curves.ravel()
        below = flat[index]
        return below + (place - left) * (flat[index + 1] - below)

    def _received(self, v: Tensor, external: Tensor) -> Tensor:
        """What drives dv/dt beside the leak."""
        return torch.addmm(self._drive + self.rate * external, self._synapses, self._message(v))

    def slope(self, v: Tensor, external: Tensor) -> Tensor:
        """dv/dt."""
        return self._received(v, external) - self.rate * v

    def __call__(self, v: Tensor, external: Tensor) -> Tensor:
        """The voltage a frame later, with the input held."""
        if self._substeps is not None:
            for _ in range(self._substeps):
                v = v + self._delta_t / self._substeps * self.slope(v, external)
            return v
        h = self._delta_t / _STEPS
        leak = self.rate * h
        kept, gain = torch.exp(-leak), -torch.expm1(-leak) / self.rate
        second = (torch.expm1(-leak) + leak) / (self.rate * leak)
        for _ in range(_STEPS):
            first = self._received(v, external)
            v = kept * v + gain * first
            v = v + second * (self._received(v, external) - first)
        return v
