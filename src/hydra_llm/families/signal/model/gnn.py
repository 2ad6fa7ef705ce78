"""The graph network of the signal family.

du_i/dt = update(u_i, a_i) + sum_j W_ij message(u_j, a_j)  [* field_i(t)] [+ input_i(t)]

W [target, source] is one learned weight per ordered pair, the diagonal is fixed at zero. message and update are
perceptrons shared by all neurons; a is a learned embedding. The gain of the true network ends up in W, and the scale of
message is a gauge: (W, message) -> (W/c, c message) predicts the same. Scores correct it (hydra_llm.metrics.gauge).

On a complete graph the sum over j is one matrix product, so no edge list is gathered here.
"""

import torch
from torch import Tensor, nn

from hydra_llm.choice import check_choice
from hydra_llm.nn.embedding import NeuronEmbedding
from hydra_llm.nn.mlp import MLP

INPUT_MODES = ("none", "additive", "multiplicative")


def state_scale(activity: Tensor) -> float:
    """1.5 standard deviations of recorded states, never zero."""
    return max(1.5 * float(activity.std()), torch.finfo(activity.dtype).eps)


class SignalGNN(nn.Module):
    """Arguments beyond the sizes: W_init_scale, the standard deviation of W times sqrt(n) at the start; input_mode, how
    a known external input enters (none | additive | multiplicative); generator, the only source of randomness;
    activity, recorded states that give the inputs of both functions their scale (None: as they are).
    """

    state_scale: Tensor
    off_diagonal: Tensor

    def __init__(
        self,
        *,
        n_neurons: int,
        hidden_dim: int,
        n_layers: int,
        activation: str,
        embedding_dim: int,
        embedding_scale: float,
        W_init_scale: float,
        input_mode: str,
        generator: torch.Generator,
        dtype: torch.dtype,
        activity: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_choice("input_mode", input_mode, INPUT_MODES)
        self.input_mode = input_mode
        self.W_init_scale = W_init_scale
        self.W = nn.Parameter(torch.empty(n_neurons, n_neurons))
        self.embedding = NeuronEmbedding(n_neurons, embedding_dim, embedding_scale, generator)
        sizes = {
            "n_in": 1 + embedding_dim,
            "n_out": 1,
            "hidden_dim": hidden_dim,
            "n_layers": n_layers,
            "activation": activation,
        }
        self.lin_edge = MLP(**sizes, linear_path=False, generator=generator)
        self.lin_phi = MLP(**sizes, linear_path=True, generator=generator)
        self.register_buffer("off_diagonal", 1 - torch.eye(n_neurons), persistent=False)
        self.register_buffer("state_scale", torch.ones(()))
        self._reset_W(generator)
        self.to(dtype)
        if activity is not None:
            self.state_scale.fill_(state_scale(activity))

    def _reset_W(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            drawn = torch.randn(self.W.shape, generator=generator, dtype=torch.float64)
            self.W.copy_(drawn * self.W_init_scale / len(self.W) ** 0.5)

    def reset_functions(self, generator: torch.Generator) -> None:
        """New message and update functions and embeddings; W stays."""
        for part in (self.embedding, self.lin_edge, self.lin_phi):
            part.reset(generator)

    @property
    def n_neurons(self) -> int:
        return len(self.W)

    @property
    def is_shared(self) -> bool:
        """Whether all neurons have the same two functions."""
        return self.embedding.embedding_dim == 0

    def connectivity(self) -> Tensor:
        """W [target, source] with a zero diagonal."""
        return self.W * self.off_diagonal

    def message(self, u: Tensor) -> Tensor:
        """message(u_j, a_j), both [..., source]."""
        return self.lin_edge(self.embedding(u / self.state_scale)).squeeze(-1)

    def update(self, u: Tensor) -> Tensor:
        """update(u_i, a_i), both [..., target]."""
        return self.lin_phi(self.embedding(u / self.state_scale)).squeeze(-1)

    def forward(self, u: Tensor, external: Tensor | None) -> Tensor:
        """du/dt [batch, neuron] at states u [batch, neuron] under external input [batch, neuron] or None."""
        received = self.message(u) @ self.connectivity().T  # [batch, target]
        if external is not None and self.input_mode == "multiplicative":
            received = received * external
        derivative = self.update(u) + received
        if external is not None and self.input_mode == "additive":
            derivative = derivative + external
        return derivative
