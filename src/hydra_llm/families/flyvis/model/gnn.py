"""The graph network of the fly visual system.

msg_i   = sum_{e=(j->i)} W_e g(v_j, a_j)
dv_i/dt = f(v_i, a_i, msg_i, I_i)

One weight per edge of the observed graph, functions g (lin_edge) and f (lin_phi) shared by all neurons, a learned
embedding a per neuron. g depends on the source alone, so it is evaluated once per neuron and not once per edge, and the
sum over edges is one sparse product (edge_sum).

Gauges: (W_ij, g_j) -> (W_ij/c_j, c_j g_j) for every source, (W_ij, f_i(msg)) -> (c_i W_ij, f_i(msg/c_i)) for every
target, and g_j -> g_j + d_j with f_i(msg) -> f_i(msg - sum_j W_ij d_j). Scores correct all three.
"""

import torch
from torch import Generator, Tensor, nn
from torch_geometric.data import Data

from hydra_llm.families.flyvis.model.edge_sum import EdgeSum
from hydra_llm.families.flyvis.model.messages import MessageFunction
from hydra_llm.families.flyvis.model.updates import UpdateFunction
from hydra_llm.nn.embedding import NeuronEmbedding


class FlyvisGNN(nn.Module):
    """Composed of the weights W [edge] of a graph (graph.py), an embedding, a message g and an update f.

    edge_embedding: whether g sees the embedding of its source; else all neurons share one transfer function.
    """

    input_index: Tensor
    edge_index: Tensor
    column: Tensor
    alike: Tensor | None  # [neuron], equal for neurons that are wired alike, where the graph says so
    recorded: Tensor | None  # bool [neuron]: those that are regressed on; None: all

    def __init__(
        self,
        graph: Data,
        W: Tensor,
        embedding: NeuronEmbedding,
        message: MessageFunction,
        update: UpdateFunction,
        *,
        edge_embedding: bool,
    ) -> None:
        super().__init__()
        self.n_neurons, self.edge_embedding = len(embedding.a), edge_embedding
        self.graph = EdgeSum(graph["edge_index"], self.n_neurons)
        self.register_buffer("edge_index", graph["edge_index"].long(), persistent=False)
        self.register_buffer("input_index", graph["input_index"].long(), persistent=False)
        place = graph["column"] if "column" in graph else torch.zeros((self.n_neurons, 2))  # one column: no repetition
        self.register_buffer("column", place.long(), persistent=False)
        for name in ("alike", "recorded"):
            self.register_buffer(name, graph.get(name), persistent=False)
        self.W = nn.Parameter(W)
        self.embedding, self.lin_edge, self.lin_phi = embedding, message, update

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """What can be given learning rates of its own: W, edge, update, embedding."""
        return {
            "W": [self.W],
            "edge": list(self.lin_edge.parameters()),
            "update": list(self.lin_phi.parameters()),
            "embedding": [self.embedding.a] if self.embedding.embedding_dim else [],
        }

    @property
    def message_is_known(self) -> bool:
        """Whether the message has nothing to learn."""
        return next(self.lin_edge.parameters(), None) is None

    def reset_functions(self, generator: Generator) -> None:
        """New functions and embeddings; W and the parameters of the neurons stay."""
        for part in (self.embedding, self.lin_edge, self.lin_phi):
            part.reset(generator)

    def message(self, v: Tensor) -> Tensor:
        """g(v_j, a_j), both [batch, source]."""
        a = self.embedding.a
        return self.lin_edge(v, a if self.edge_embedding else a.detach()[:, :0])

    def update(self, v: Tensor, msg: Tensor, external: Tensor) -> Tensor:
        """f(v_i, a_i, msg_i, I_i), all [batch, target]."""
        return self.lin_phi(v, self.embedding.a, msg, external)

    def spread_input(self, v: Tensor, external: Tensor | None) -> Tensor:
        """The input of every neuron [batch, neuron] from that of the input neurons [batch, input], 0 elsewhere."""
        everywhere = torch.zeros_like(v)
        return everywhere if external is None else everywhere.index_copy(1, self.input_index, external)

    def forward(self, v: Tensor, external: Tensor | None) -> Tensor:
        """dv/dt [batch, neuron] at states v [batch, neuron] under input [batch, input] or None."""
        msg = self.graph(self.W, self.message(v))
        return self.update(v, msg, self.spread_input(v, external))
