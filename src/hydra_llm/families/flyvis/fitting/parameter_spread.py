"""How far the parameters of a fit may be off, given its message function: the posterior of the last regression.

The unknowns of a neuron are rate, offset and one weight beta per input, with a covariance C each (regressions, pooled).
To first order, with W = s beta / rate, tau = 1 / rate and V = (offset + sum_e beta_e d_e) / rate for a message that is
s relu + d, the error of a parameter p is sqrt(g^T C g), g its gradient by the unknowns.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, Group


@dataclass(frozen=True)
class StandardErrors:
    """W [edge]; tau in seconds and v_rest [neuron]; nan where the neuron has no regression."""

    W: Tensor
    tau: Tensor
    v_rest: Tensor


@dataclass(frozen=True)
class ParameterSpread:
    """covariance [neuron, unknown, unknown] per group."""

    groups: list[Group]
    covariance: list[Tensor]

    def errors(self, W: Tensor, tau: Tensor, v_rest: Tensor, scale: Tensor, constant: Tensor) -> StandardErrors:
        """Of the parameters W [edge], tau and v_rest [neuron] of the law. scale, constant [source]: s and d. W may lack
        edges that the fit put behind the known ones.
        """
        n_edges, n_fitted = len(W), sum(group.edges.numel() for group in self.groups)
        W = torch.cat([W, W.new_zeros(max(0, n_fitted - n_edges))])
        found = StandardErrors(*(torch.full_like(part, torch.nan, dtype=torch.float64) for part in (W, tau, v_rest)))
        for group, C in zip(self.groups, self.covariance, strict=True):
            own, sources = group.targets, group.sources
            tau_i, v_i = tau[own].double(), v_rest[own].double()
            found.tau[own] = tau_i.square() * C[:, 0, 0].clamp_min(0).sqrt()
            by = torch.cat([-v_i[:, None], torch.ones_like(v_i)[:, None], constant[sources].double()], dim=1)
            found.v_rest[own] = tau_i * torch.einsum("na,nab,nb->n", by, C, by).clamp_min(0).sqrt()
            s, w = scale[sources].double(), W[group.edges].double()
            weights, both = C.diagonal(dim1=1, dim2=2)[:, N_OWN:], C[:, 0, N_OWN:]
            variance = s.square() * weights - 2 * s * w * both + w.square() * C[:, :1, 0]
            found.W[group.edges] = tau_i[:, None] * variance.clamp_min(0).sqrt()
        return replace(found, W=found.W[:n_edges])
