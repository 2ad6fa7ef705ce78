"""Which neurons an oracle looks at: all of a small eye, some of every cell type of a large one.

Every neuron is a problem of its own, so some of them tell what the data allow as all of them would, in less time. Only
parameters that are shared within a type are known less well from fewer of its neurons. Of each type every so many are
taken in the order of the file, from one border of the lattice to the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import Data

from hydra_llm.families.flyvis.fitting.neighbours import Group, NeighbourFactor

EDGE_FRAMES = 1_000_000_000  # some 20 s on one core; above, some neurons are left out
LEAST = 1_000  # neurons that are looked at, where there are as many


@dataclass(frozen=True)
class Looked:
    """neurons and edges in ascending order: the neurons that an oracle looked at, and all edges into them."""

    neurons: Tensor
    edges: Tensor
    n_neurons: int  # that there are

    @classmethod
    def of(cls, neurons: Tensor, edge_index: Tensor, n_neurons: int) -> Self:
        edges = torch.isin(edge_index[1], neurons).nonzero().ravel()
        return cls(neurons, edges, n_neurons)

    @property
    def is_sample(self) -> bool:
        return len(self.neurons) < self.n_neurons

    def numbered(self, factors: Sequence[NeighbourFactor], n_edges: int) -> list[NeighbourFactor]:
        """Factors of these neurons whose targets and edges are places in `neurons` and `edges`."""
        neuron, edge = _places(self.neurons, self.n_neurons), _places(self.edges, n_edges)
        return [replace(f, group=Group(neuron[f.group.targets], edge[f.group.edges], f.group.sources)) for f in factors]

    def within(self, neurons: Tensor, edges: Tensor, n_edges: int) -> tuple["Looked", Tensor, Tensor]:
        """What of this lies within a part of the eye, numbered as the part is; and its places in `neurons` and `edges`.

        neurons, edges: of the part, by their numbers in the whole of n_edges edges.
        """
        neuron, edge = _places(neurons, self.n_neurons)[self.neurons], _places(edges, n_edges)[self.edges]
        kept, kept_edges = (neuron >= 0).nonzero().ravel(), (edge >= 0).nonzero().ravel()
        return Looked(neuron[kept], edge[kept_edges], len(neurons)), kept, kept_edges


def share_looked_at(n_neurons: int, n_edges: int, n_frames: int) -> float:
    """Of the neurons: so many that edges times frames come to EDGE_FRAMES, and at least LEAST neurons."""
    return min(1.0, max(EDGE_FRAMES / max(1, n_edges * n_frames), LEAST / n_neurons))


def neurons_to_look_at(graph: Data, types: Tensor, n_frames: int) -> Looked:
    """All neurons, or that share of each type [neuron], at least one neuron."""
    n_neurons, edge_index = len(graph["column"]), graph["edge_index"]
    share = share_looked_at(n_neurons, edge_index.shape[1], n_frames)
    if share == 1:
        return Looked.of(torch.arange(n_neurons), edge_index, n_neurons)
    chosen = []
    for number in types.unique():
        own = (types == number).nonzero().ravel()
        count = max(1, round(share * len(own)))
        chosen.append(own[((torch.arange(count) + 0.5) * len(own) / count).long()])
    return Looked.of(torch.cat(chosen).sort().values, edge_index, n_neurons)


def _places(chosen: Tensor, n: int) -> Tensor:
    """Place [number] in `chosen`, -1 for what is not there."""
    places = torch.full((n,), -1)
    places[chosen] = torch.arange(len(chosen))
    return places
