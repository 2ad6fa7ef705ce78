"""A network that is the true law of a recorded eye in another gauge: what a perfect fit may look like."""

import torch
from torch import nn


class LawNetwork(nn.Module):
    """error: relative noise on W. The gauge is drawn: scales and constants of messages, scale of what is received."""

    def __init__(self, observations, truth, error=0.0, seed=0):
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        edge_index, shown = observations.structure("edge_index"), truth["observed_edge"]
        n, n_types = len(truth["tau"]), int(truth["neuron_type"].max()) + 1
        W = torch.where(shown >= 0, truth["W"][shown.clamp_min(0)], 0.0).double()
        self.register_buffer("edge_index", edge_index)
        self.register_buffer("input_index", observations.structure("input_index"))
        self.scale = nn.Parameter(0.5 + 2 * torch.rand(n, generator=draw, dtype=torch.float64))
        self.constant = nn.Parameter(2 * torch.randn(n, generator=draw, dtype=torch.float64))
        self.gain = nn.Parameter(0.5 + torch.rand(n, generator=draw, dtype=torch.float64))
        w = W / self.scale.detach()[edge_index[0]] / self.gain.detach()[edge_index[1]]
        self.W = nn.Parameter(w * (1 + error * torch.randn(len(w), generator=draw, dtype=torch.float64)))
        self.tau = nn.Parameter(truth["tau"].double())
        received = torch.zeros(n, dtype=torch.float64).index_add_(
            0, edge_index[1], w * self.constant.detach()[edge_index[0]]
        )
        self.v_rest = nn.Parameter(truth["v_rest"].double() - self.gain.detach() * received)
        self.embedding = nn.Module()
        self.embedding.a = nn.Parameter(torch.randn(n_types, 2, generator=draw)[truth["neuron_type"]])
        self.embedding.embedding_dim = 2

    def message(self, v):
        return self.scale * v.relu() + self.constant

    def update(self, v, msg, external):
        return (-v + self.gain * msg + external + self.v_rest) / self.tau

    def forward(self, v, external):
        msg = torch.zeros_like(v).index_add_(1, self.edge_index[1], self.message(v)[:, self.edge_index[0]] * self.W)
        everywhere = torch.zeros_like(v)
        if external is not None:
            everywhere = everywhere.index_copy(1, self.input_index, external)
        return self.update(v, msg, everywhere)
