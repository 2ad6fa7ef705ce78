"""The graph network of the fly visual system.

msg_i   = sum_{e=(j->i)} W_e g(v_j, a_j)
dv_i/dt = f(v_i, a_i, msg_i, I_i)

One weight per edge of the graph that is shown, functions g (lin_edge) and f (lin_phi) shared by all neurons, a learned
embedding a per neuron. g depends on the source alone, so it is evaluated once per neuron and not once per edge, and the
sum over edges is one sparse product (models.edge_sum).

Gauges: (W_ij, g_j) -> (W_ij/c_j, c_j g_j) for every source, (W_ij, f_i(msg)) -> (c_i W_ij, f_i(msg/c_i)) for every
target, and g_j -> g_j + d_j with f_i(msg) -> f_i(msg - sum_j W_ij d_j). Scores correct all three.
"""

import torch
from torch import Tensor, nn

from hydra_llm.families.flyvis.model.edge_sum import EdgeSum
from hydra_llm.families.flyvis.model.relaxation import Relaxation
from hydra_llm.nn.embedding import NeuronEmbedding
from hydra_llm.nn.mlp import MLP

W_INITS = ("randn_scaled", "randn", "zeros")
MESSAGE_FORMS = ("linear", "square", "relu")
UPDATE_FORMS = ("generic", "relaxation")


class FlyvisGNN(nn.Module):
    """Arguments beyond sizes and graph:

    message_form: square, g = lin_edge^2 >= 0 as published; linear, g = lin_edge with a linear path that starts at v;
    relu, g(v) = max(v, 0) is known.
    update_form: generic, f = lin_phi([v, a, msg, I]) as published; relaxation, f = (-v + msg + I + v_rest) / tau with
    parameters per neuron (models.relaxation).
    W_init: randn_scaled, N(0, W_init_scale^2 / n_edges) as published; randn, N(0, W_init_scale^2); zeros.
    edge_embedding: whether g sees the embedding of its source; else all neurons share one transfer function.
    """

    input_index: Tensor
    edge_index: Tensor

    def __init__(
        self,
        *,
        n_neurons: int,
        edge_index: Tensor,
        input_index: Tensor,
        hidden_dim: int,
        n_layers: int,
        activation: str,
        embedding_dim: int,
        embedding_scale: float,
        embedding_center: float,
        edge_embedding: bool,
        message_form: str,
        update_form: str,
        W_init: str,
        W_init_scale: float,
        initial_rate: float,
        generator: torch.Generator,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        for key, value, known in (
            ("W_init", W_init, W_INITS),
            ("message_form", message_form, MESSAGE_FORMS),
            ("update_form", update_form, UPDATE_FORMS),
        ):
            if value not in known:
                raise ValueError(f"{key}={value!r} is unknown. Choose one of: {', '.join(known)}.")
        self.n_neurons, self.message_form, self.edge_embedding = n_neurons, message_form, edge_embedding
        self.graph = EdgeSum(edge_index, n_neurons)
        self.register_buffer("edge_index", edge_index.long(), persistent=False)
        self.register_buffer("input_index", input_index.long(), persistent=False)
        self.W = nn.Parameter(_initial_W(W_init, W_init_scale, edge_index.shape[1], generator))
        self.embedding = NeuronEmbedding(n_neurons, embedding_dim, embedding_scale, generator, embedding_center)
        sizes = {"n_out": 1, "hidden_dim": hidden_dim, "n_layers": n_layers, "activation": activation}
        n_edge = 1 + (embedding_dim if edge_embedding else 0)
        self.lin_edge = (
            None
            if message_form == "relu"
            else MLP(n_in=n_edge, linear_path=message_form == "linear", generator=generator, **sizes)
        )
        self._let_messages_rise()
        self.lin_phi = (
            MLP(n_in=3 + embedding_dim, linear_path=False, generator=generator, **sizes)
            if update_form == "generic"
            else None
        )
        self.relaxation = Relaxation(n_neurons, initial_rate) if update_form == "relaxation" else None
        self.to(dtype)

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """What can be given learning rates of its own: W, edge, update, embedding."""
        update = self.lin_phi if self.relaxation is None else self.relaxation
        assert update is not None  # one of the two forms
        return {
            "W": [self.W],
            "edge": [] if self.lin_edge is None else list(self.lin_edge.parameters()),
            "update": list(update.parameters()),
            "embedding": [self.embedding.a] if self.embedding.embedding_dim else [],
        }

    def reset_functions(self, generator: torch.Generator) -> None:
        """New functions and embeddings; W and the parameters of the neurons stay."""
        for part in (self.embedding, self.lin_edge, self.lin_phi):
            if part is not None:
                part.reset(generator)
        self._let_messages_rise()

    def _let_messages_rise(self) -> None:
        """Start g near the identity: a message drawn at random may fall with the state, and some fits stay there."""
        if self.lin_edge is not None and self.lin_edge.linear is not None:
            with torch.no_grad():
                self.lin_edge.linear.weight[:, 0] = 1

    def message(self, v: Tensor) -> Tensor:
        """g(v_j, a_j), both [batch, source]."""
        if self.lin_edge is None:
            return torch.relu(v)
        value = self.lin_edge(self.embedding(v) if self.edge_embedding else v.unsqueeze(-1)).squeeze(-1)
        return value.square() if self.message_form == "square" else value

    def update(self, v: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        """f(v_i, a_i, msg_i, I_i), all [batch, target]."""
        if self.relaxation is not None:
            return self.relaxation(v, msg, external)
        assert self.lin_phi is not None  # one of the two forms
        features = torch.cat([self.embedding(v), msg.unsqueeze(-1), external.unsqueeze(-1)], dim=-1)
        return self.lin_phi(features).squeeze(-1)

    def spread_input(self, v: Tensor, external: Tensor | None) -> Tensor:
        """The input of every neuron [batch, neuron] from that of the input neurons [batch, input], 0 elsewhere."""
        everywhere = torch.zeros_like(v)
        return everywhere if external is None else everywhere.index_copy(1, self.input_index, external)

    def forward(self, v: Tensor, external: Tensor | None) -> Tensor:
        """dv/dt [batch, neuron] at states v [batch, neuron] under input [batch, input] or None."""
        msg = self.graph(self.W, self.message(v))
        return self.update(v, msg, self.spread_input(v, external))


def _initial_W(kind: str, scale: float, n_edges: int, generator: torch.Generator) -> Tensor:
    if kind == "zeros":
        return torch.zeros(n_edges)
    drawn = scale * torch.randn(n_edges, generator=generator, dtype=torch.float64)
    return (drawn / n_edges**0.5 if kind == "randn_scaled" else drawn).float()
