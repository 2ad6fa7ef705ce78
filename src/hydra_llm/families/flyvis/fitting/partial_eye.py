"""What is known of an eye of which some neurons are not recorded: the wiring diagram of all of them.

Numbers of neurons and edges without a word beside them are those of the recorded part, as in all of the observations.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from hydra_llm.data.observations import Observations
from hydra_llm.families.flyvis.config import FlyvisGNNConfig
from hydra_llm.families.flyvis.fitting.counterparts import counterparts
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.updates import Relaxation
from hydra_llm.nn.embedding import NeuronEmbedding


@dataclass(frozen=True)
class PartialEye:
    """graph: of all neurons. neuron [recorded neuron], edge [recorded edge]: their numbers among all."""

    graph: Data
    neuron: Tensor
    edge: Tensor

    @classmethod
    def of(cls, observations: Observations) -> Self | None:
        """None where all neurons are recorded."""
        if "recorded_neuron" not in observations.meta["structure"]:
            return None
        known = {name: observations.structure(f"whole_{name}") for name in ("edge_index", "input_index", "column")}
        graph = Data(num_nodes=len(known["column"]), **known)
        return cls(graph, observations.structure("recorded_neuron"), observations.structure("recorded_edge"))

    @property
    def n_neurons(self) -> int:
        assert self.graph.num_nodes is not None
        return self.graph.num_nodes

    @cached_property
    def recorded(self) -> Tensor:
        """Whether a neuron is recorded, bool [neuron of all]."""
        recorded = torch.zeros(self.n_neurons, dtype=torch.bool)
        recorded[self.neuron] = True
        return recorded

    @cached_property
    def hidden(self) -> Tensor:
        """Numbers of the hidden neurons among all."""
        return (~self.recorded).nonzero().ravel()

    @cached_property
    def alike(self) -> Tensor:
        """A number per neuron [neuron of all], equal for those that are wired alike."""
        return counterparts(self.graph["edge_index"], self.graph["column"], self.graph["input_index"])

    @cached_property
    def reconstructible(self) -> Tensor:
        """Hidden neurons (numbers among all) with a recorded counterpart, from which their law is known."""
        return self.hidden[torch.isin(self.alike[self.hidden], self.alike[self.neuron])]

    def filled(self, values: Tensor) -> Tensor:
        """values [..., recorded neuron] in their columns of [..., neuron of all], zero elsewhere."""
        return values.new_zeros((*values.shape[:-1], self.n_neurons)).index_copy(
            -1, self.neuron.to(values.device), values
        )

    def whole(self, net: FlyvisGNN) -> FlyvisGNN:
        """A network of all neurons with the message function of `net`, to be regressed on the recorded ones."""
        graph = self.graph.clone()
        graph["alike"], graph["recorded"] = self.alike, self.recorded
        generator = torch.Generator()  # for an embedding of no dimension
        return FlyvisGNN(
            graph,
            torch.zeros(self.graph.num_edges),
            NeuronEmbedding(self.n_neurons, 0, 0.0, generator),
            net.lin_edge,
            Relaxation(FlyvisGNNConfig(), self.n_neurons, generator),
            edge_embedding=False,
        ).to(net.W.dtype)


class PartlyRecordedGNN(nn.Module):
    """`net` of the recorded neurons, and `whole`, of all neurons, with the same message function.

    Whatever is asked of it is asked of net; phases that reconstruct hidden activity ask whole.
    """

    _neuron: Tensor
    _edge: Tensor

    def __init__(self, net: FlyvisGNN, eye: PartialEye) -> None:
        super().__init__()
        self.net, self.whole = net, eye.whole(net)
        self.register_buffer("_neuron", eye.neuron, persistent=False)
        self.register_buffer("_edge", eye.edge, persistent=False)

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("net"), name)

    def take(self) -> None:
        """Give net the parameters that whole has for its neurons and edges."""
        with torch.no_grad():
            self.net.W.copy_(self.whole.W[self._edge])
            for name in ("raw_rate", "v_rest"):
                getattr(self.net.lin_phi, name).copy_(getattr(self.whole.lin_phi, name)[self._neuron])

    def forward(self, v: Tensor, external: Tensor | None) -> Tensor:
        """dv/dt [batch, recorded neuron], with the hidden ones silent."""
        return self.net(v, external)
