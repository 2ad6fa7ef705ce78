"""The drift of a random rate network.

du_i/dt = -a_i u_i + b_i + s_i tanh(u_i) + g_i sum_j W_ij phi((u_j - h_j) / w_j) [* field_i(t)] [+ input_i(t)]

Sompolinsky, Crisanti & Sommers (1988); with self-excitation s: Stern, Sompolinsky & Abbott (2014).
"""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from hydra_llm.families.signal.system.activation import activation
from hydra_llm.families.signal.system.neuron_types import COLUMNS

MODES = ("none", "additive", "multiplicative")


def recorded_part(truth: Mapping[str, Tensor], recorded: Tensor) -> dict[str, Tensor]:
    """The truth of some neurons [recorded] and of the weights between them, the others silent."""
    return {
        **truth,
        "connectivity": truth["connectivity"][recorded][:, recorded],
        "neuron_type": truth["neuron_type"][recorded],
    }


class RateField:
    """f(u, external) of the network. Target i has its own a, b, g, s; source j its own w, h."""

    def __init__(self, connectivity: Tensor, parameters: Tensor, phi: str, external_mode: str) -> None:
        """connectivity: W [target, source]; parameters: [neuron, (a, b, g, s, w, h)]; both in the dtype to use."""
        self.connectivity = connectivity
        self.a, self.b, self.g, self.s, self.w, self.h = (parameters[:, k].contiguous() for k in range(len(COLUMNS)))
        self.phi = activation(phi)
        self.multiplicative = external_mode == "multiplicative"
        # The inner loop leaves out the terms that are zero for every neuron.
        self._has_drive, self._has_self = bool(self.b.any()), bool(self.s.any())
        self._is_plain = bool((self.w == 1).all() and (self.h == 0).all())

    @classmethod
    def from_truth(cls, truth: Mapping[str, Tensor], phi: str, external_mode: str, dtype: torch.dtype) -> "RateField":
        """The field of a stored truth, in the precision asked for."""
        parameters = truth["type_parameters"][truth["neuron_type"]]
        return cls(truth["connectivity"].to(dtype), parameters.to(dtype), phi, external_mode)

    @cached_property
    def effective_connectivity(self) -> Tensor:
        """g_i W_ij [target, source]: what activity can reveal, since the weights onto i absorb its gain."""
        return self.g[:, None] * self.connectivity

    @cached_property
    def _effective_from_source(self) -> Tensor:  # [source, target]
        return self.effective_connectivity.T.contiguous()

    def message(self, u: Tensor) -> Tensor:
        """phi((u_j - h_j) / w_j): what source j sends; u [..., neuron]."""
        return self.phi(u) if self._is_plain else self.phi((u - self.h) / self.w)

    def intrinsic(self, u: Tensor) -> Tensor:
        """-a u + b + s tanh(u): what a neuron does alone; u [..., neuron]."""
        return -self.a * u + self.b + self.s * torch.tanh(u)

    def __call__(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        torch.mm(self.message(u), self._effective_from_source, out=out)  # [batch, target]
        if external is not None and self.multiplicative:
            out.mul_(external)
        out.addcmul_(self.a, u, value=-1)
        if self._has_drive:
            out.add_(self.b)
        if self._has_self:
            out.addcmul_(self.s, torch.tanh(u))
        if external is not None and not self.multiplicative:
            out.add_(external)
        return out
