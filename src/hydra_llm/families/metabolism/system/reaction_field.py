"""The drift of a reaction network with homeostasis.

dc_i/dt = sum_j S_ij v_j - lambda_i (c_i - baseline_i [(1 + A clock(t))]) [+ ext_i],   v_j = k_j law_j(c) [mean ext]
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hydra_llm.families.metabolism.system.kinetics import RateLaw, power_products, rate_law
from hydra_llm.families.metabolism.system.network import ReactionNetwork

_TINY = 1e-12  # consumption below it limits nothing


class ReactionField:
    """f(c, external). external [batch, metabolite] is a modulation, or the clock of a circadian baseline."""

    def __init__(
        self,
        network: ReactionNetwork,
        k: Tensor,  # [reaction]
        rate: Tensor,  # lambda [metabolite]
        baseline: Tensor,  # [metabolite]
        *,
        law: RateLaw,
        input_mode: str,  # modulation.MODES, or clock
        circadian_amplitude: float,
        flux_limit_time: float | None,
        dtype: torch.dtype,
    ) -> None:
        """flux_limit_time: no substrate is consumed faster than it can last for this time; None: no limit."""
        self.network, self.law, self.input_mode = network, law, input_mode
        self.k, self.rate, self.baseline = k.to(dtype), rate.to(dtype), baseline.to(dtype)
        self.stoichiometry = network.stoichiometry.to(dtype)
        self._to_metabolite = self.stoichiometry.T.contiguous()  # [reaction, metabolite]
        self._orders = network.orders.to(dtype)
        index, order = network.substrates()
        self._index, self._order = index, order.to(dtype)
        self._amplitude = circadian_amplitude
        self._flux_limit_time = flux_limit_time
        self._regulated = bool((rate > 0).any())
        sides = network.orders > 0 if input_mode == "multiplicative_substrate" else network.stoichiometry > 0
        members = sides.to(dtype)
        self._mean_over_side = members / members.sum(dim=0).clamp_min(1)  # [metabolite, reaction]
        self._no_side = members.sum(dim=0) == 0

    @classmethod
    def from_truth(
        cls, truth: Mapping[str, Tensor], structure: Mapping[str, Tensor], meta: Mapping[str, Any], dtype: torch.dtype
    ) -> "ReactionField":
        """The field of a stored dataset: truth, its meta, and the structure of the observations."""
        return cls(
            ReactionNetwork(structure["stoichiometry"], structure["substrate_orders"]),
            10 ** truth["log_k"],
            truth["homeostatic_lambda"],
            truth["homeostatic_baseline"],
            law=rate_law(meta["use_mass_action"], meta["half_saturation"]),
            input_mode=meta["external_input_mode"],
            circadian_amplitude=meta["circadian_amplitude"],
            flux_limit_time=meta["flux_limit_time"],
            dtype=dtype,
        )

    def laws(self, c: Tensor) -> Tensor:
        """law_j(c): the rates per unit of their constants [..., reaction], at concentrations [..., metabolite]."""
        return power_products(self.law.factor(c.clamp_min(0)), self._index, self._order)

    def speed(self, external: Tensor) -> Tensor:
        """What a multiplicative input makes of each rate [..., reaction]; 1 for a reaction without that side."""
        return torch.where(self._no_side, 1.0, external @ self._mean_over_side)

    def rates(self, c: Tensor, external: Tensor | None) -> Tensor:
        """v_j [..., reaction]."""
        v = self.k * self.laws(c)
        if external is not None and self.input_mode.startswith("multiplicative"):
            v = v * self.speed(external)
        return v if self._flux_limit_time is None else self._limited(c, v, self._flux_limit_time)

    def homeostasis(self, c: Tensor, external: Tensor | None) -> Tensor:
        """-lambda (c - baseline) [..., metabolite]."""
        baseline = self.baseline
        if external is not None and self.input_mode == "clock":
            baseline = baseline * (1 + self._amplitude * external)
        return -self.rate * (c - baseline)

    def __call__(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        torch.mm(self.rates(u, external), self._to_metabolite, out=out)
        if self._regulated:
            out.add_(self.homeostasis(u, external))
        if external is not None and self.input_mode == "additive":
            out.add_(external)
        return out

    def _limited(self, c: Tensor, v: Tensor, time: float) -> Tensor:
        """Rates scaled down so that no metabolite is consumed beyond what is there within that time."""
        consumed = time * v @ self._orders.T  # [..., metabolite]
        scale = torch.where(consumed > _TINY, (c.clamp_min(0) / consumed.clamp_min(_TINY)).clamp_max(1), 1.0)
        padded = torch.cat([scale, scale.new_ones((*scale.shape[:-1], 1))], dim=-1)
        return v * padded[..., self._index].amin(dim=-1)
