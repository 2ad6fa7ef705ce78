"""The graph network of the metabolism family, on the bipartite graph of metabolites and reactions.

v_j     = 10^log_k_j * rate(sum over substrates of log F(c_i, s_ij))  [* mean external input]
dc_i/dt = sum_j S_ij v_j + homeostasis_i(c_i)                         [+ external input]
homeostasis_i = node_func(c_i, a_i [, clock]) + linear_i (c_i, 1 [, clock])

Learned: rate constants in log10, the substrate function F, the node function with an embedding a per metabolite, and
the net coefficients S on their known support unless they are known too. The scale of F is a gauge: a factor alpha(s) in
F is undone by log_k_j -> log_k_j - sum over substrates of log10 alpha. Scores correct it (metrics).

The sum over the substrates of all reactions is one product with a fixed matrix, for all frames of a batch at once.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hydra_llm.choice import check_choice
from hydra_llm.families.metabolism.model.substrate import substrate_function
from hydra_llm.nn.embedding import NeuronEmbedding
from hydra_llm.nn.mlp import MLP

INPUT_MODES = ("none", "clock", "additive", "multiplicative_substrate", "multiplicative_product")
LN10 = math.log(10)


class ReactionGNN(nn.Module):
    """What it is given: orders, the substrate orders s_ij, and stoichiometry, the net coefficients, both
    [metabolite, reaction]. With freeze_stoichiometry false only the support of the latter is used.

    input_mode: how a known external input enters. generator: the only source of randomness. activity: recorded
    concentrations [frame, metabolite] that give the functions their scale (None: as they are).
    """

    orders: Tensor
    incidence: Tensor
    support: Tensor
    state_scale: Tensor
    mean_over_side: Tensor

    def __init__(
        self,
        *,
        stoichiometry: Tensor,
        orders: Tensor,
        freeze_stoichiometry: bool,
        substrate_form: str,
        hidden_dim_sub: int,
        n_layers_sub: int,
        hidden_dim_node: int,
        n_layers_node: int,
        activation: str,
        embedding_dim: int,
        embedding_scale: float,
        log_k_init: Sequence[float],
        input_mode: str,
        generator: torch.Generator,
        dtype: torch.dtype,
        activity: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_choice("input_mode", input_mode, INPUT_MODES)
        if stoichiometry.shape != orders.shape:
            raise ValueError(
                f"Stoichiometry and orders must have one shape, got {tuple(stoichiometry.shape)} and "
                f"{tuple(orders.shape)}."
            )
        low, high = log_k_init
        if low > high:
            raise ValueError(f"log_k_init must be a range, the smaller value first, got [{low}, {high}].")
        self.input_mode, self.freeze_stoichiometry, self.log_k_init = input_mode, freeze_stoichiometry, (low, high)
        n, m = orders.shape
        distinct = orders[orders > 0].unique()
        self.register_buffer("orders", orders.clone(), persistent=False)
        self.register_buffer("incidence", _incidence(orders, distinct), persistent=False)
        self.register_buffer("support", (stoichiometry != 0).to(orders.dtype), persistent=False)
        sides = orders > 0 if input_mode == "multiplicative_substrate" else stoichiometry > 0
        members = sides.to(orders.dtype)
        self.register_buffer("mean_over_side", members / members.sum(dim=0).clamp_min(1), persistent=False)
        self.register_buffer("state_scale", torch.ones(()))
        self.log_k = nn.Parameter(torch.empty(m))
        known = stoichiometry if freeze_stoichiometry else torch.zeros_like(stoichiometry)
        self.S = nn.Parameter(known.clone(), requires_grad=not freeze_stoichiometry)
        shape = {"activation": activation, "generator": generator}
        self.substrate = substrate_function(
            substrate_form, distinct, hidden_dim=hidden_dim_sub, n_layers=n_layers_sub, **shape
        )
        self.embedding = NeuronEmbedding(n, embedding_dim, embedding_scale, generator)
        self._has_clock = input_mode == "clock"
        self.node_func = MLP(
            n_in=1 + embedding_dim + self._has_clock,
            n_out=1,
            hidden_dim=hidden_dim_node,
            n_layers=n_layers_node,
            linear_path=False,
            **shape,
        )
        # a straight line per metabolite: zero unless a fit solves for it
        self.linear = nn.Parameter(torch.zeros(n, 2 + self._has_clock), requires_grad=False)
        self._reset(generator)
        self.to(dtype)
        if activity is not None:
            self.set_scales(activity)

    def _reset(self, generator: torch.Generator) -> None:
        low, high = self.log_k_init
        with torch.no_grad():
            drawn = torch.rand(self.log_k.shape, generator=generator, dtype=torch.float64)
            self.log_k.copy_(low + (high - low) * drawn)
            if not self.freeze_stoichiometry:
                drawn = torch.randn(self.S.shape, generator=generator, dtype=torch.float64)
                self.S.copy_(0.1 * drawn)
        self.zero_node_output()

    def reset_functions(self, generator: torch.Generator) -> None:
        """A new substrate function; rate constants and homeostasis stay."""
        self.substrate.reset(generator)

    def zero_node_output(self) -> None:
        """Silence the node function by its last layer; its hidden layers stay."""
        last = self.node_func.net[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.zero_()
            last.bias.zero_()

    def set_scales(self, c: Tensor) -> None:
        """Give the functions the scale of recorded concentrations c [frame, metabolite], 1.5 sd."""
        self.state_scale.copy_((1.5 * c.std()).clamp_min(1e-6))
        self.substrate.set_scale(c)

    # ---- parts ----

    @property
    def n_metabolites(self) -> int:
        return self.orders.shape[0]

    @property
    def n_reactions(self) -> int:
        return self.orders.shape[1]

    def stoichiometry(self) -> Tensor:
        """S [metabolite, reaction], zero where no metabolite takes part."""
        return self.S * self.support

    def rate_constants(self) -> Tensor:
        """k [reaction]."""
        return (LN10 * self.log_k).exp()

    def factor(self, c: Tensor) -> Tensor:
        """F(c, s) [..., metabolite, order], at concentrations c [..., metabolite]; orders as substrate.orders."""
        return self.substrate.log_factor(c).exp()

    def log_product(self, log_factor: Tensor) -> Tensor:
        """Sums over the substrates of every reaction [..., reaction] of log F [..., metabolite, order]."""
        return log_factor.flatten(start_dim=-2) @ self.incidence

    def laws(self, c: Tensor, external: Tensor | None) -> Tensor:
        """Rates per unit of their constants [..., reaction]."""
        unit = self.substrate.rate(self.log_product(self.substrate.log_factor(c)))
        return self.driven(unit, external)

    def driven(self, laws: Tensor, external: Tensor | None) -> Tensor:
        """Rates [..., reaction] under a multiplicative input; a reaction without that side goes on as it is."""
        if external is None or not self.input_mode.startswith("multiplicative"):
            return laws
        speed = external @ self.mean_over_side
        return laws * torch.where(self.mean_over_side.sum(dim=0) == 0, 1.0, speed)

    def reaction(self, c: Tensor, external: Tensor | None) -> Tensor:
        """sum_j S_ij v_j [..., metabolite]."""
        return (self.rate_constants() * self.laws(c, external)) @ self.stoichiometry().T

    def node(self, c: Tensor, external: Tensor | None) -> Tensor:
        """node_func(c_i, a_i [, clock]) [..., metabolite]."""
        features = self.embedding(c / self.state_scale)
        if self._has_clock:
            features = torch.cat([features, self._clock(c, external).unsqueeze(-1)], dim=-1)
        return self.node_func(features).squeeze(-1)

    def line(self, c: Tensor, external: Tensor | None) -> Tensor:
        """The straight line of every metabolite [..., metabolite]: slope c + offset [+ swing clock]."""
        value = self.linear[:, 0] * c + self.linear[:, 1]
        return value + self.linear[:, 2] * self._clock(c, external) if self._has_clock else value

    def homeostasis(self, c: Tensor, external: Tensor | None) -> Tensor:
        """Everything but reactions and additive input [..., metabolite]."""
        return self.node(c, external) + self.line(c, external)

    def forward(self, c: Tensor, external: Tensor | None) -> Tensor:
        """dc/dt [batch, metabolite] at concentrations c [batch, metabolite] under an input [batch, column] or None."""
        derivative = self.reaction(c, external) + self.homeostasis(c, external)
        return derivative + external if external is not None and self.input_mode == "additive" else derivative

    def _clock(self, c: Tensor, external: Tensor | None) -> Tensor:
        if external is None:
            raise ValueError(
                "A network with a clock must be given the external input with the concentrations, got none."
            )
        return external.expand_as(c)


def _incidence(orders: Tensor, distinct: Tensor) -> Tensor:
    """Matrix [metabolite * order, reaction]: 1 where a metabolite is a substrate of that order."""
    n, m = orders.shape
    return (orders[:, None, :] == distinct[:, None]).to(orders.dtype).reshape(n * len(distinct), m)
