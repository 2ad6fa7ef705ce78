"""Columns about the middle of a large eye, and what is found for them given to their counterparts elsewhere.

The eye repeats itself (counterparts), and what an error says of the state of a neuron fades within a few columns. So
the gains of a middle column, solved for with the columns around it, are those of every other column too, but for what
the rim cuts off.
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

_LEAST = 1e-4  # of gains between two neurons: smaller ones are left out


class MiddleColumns(NamedTuple):
    """neurons: those of the columns within a distance of the middle. alike [neuron of all]: equal for counterparts.
    column [neuron of all, (u, v)]. origin: the place in `neurons` of the one of the middle column that a neuron is the
    counterpart of [neuron of all]; -1 for one without.
    """

    neurons: Tensor
    alike: Tensor
    column: Tensor
    origin: Tensor

    @classmethod
    def of(cls, alike: Tensor, column: Tensor, most: int) -> "MiddleColumns":
        """As many rings of columns as hold `most` neurons at most, but at least the middle column.

        alike [neuron]; column [neuron, (u, v)], axial position on the lattice.
        """
        u, v = column.unbind(1)
        size = u.square() + u * v + v.square()
        middle = column[size.argmin()]
        away = column - middle
        ring = torch.stack([away[:, 0].abs(), away[:, 1].abs(), away.sum(1).abs()]).amax(0)
        within = torch.bincount(ring).cumsum(0)
        radius = max(0, int((within <= most).sum()) - 1)
        neurons = (ring <= radius).nonzero().ravel()
        place = torch.full((int(alike.max()) + 1,), -1, dtype=torch.long, device=alike.device)
        here = (ring[neurons] == 0).nonzero().ravel()
        place[alike[neurons[here]]] = here
        return cls(neurons, alike, column, place[alike])

    def copied(self, values: Tensor, otherwise: Tensor) -> Tensor:
        """values [own neuron] as those of all [neuron]; `otherwise` [neuron] for neurons without a counterpart."""
        return torch.where(self.origin < 0, otherwise, values[self.origin.clamp_min(0)])

    def copied_matrix(self, values: Tensor, otherwise: Tensor) -> Tensor:
        """values [own neuron, own neuron] as a sparse matrix of all: an entry of a neuron of the middle column stands
        between all counterparts at the same distance. otherwise [neuron]: diagonal of neurons without a counterpart.
        """
        labels = int(self.alike.max()) + 1
        here, there = (values.abs() > _LEAST).logical_and(self._is_origin()[:, None]).nonzero(as_tuple=True)
        n_entries = torch.bincount(here, minlength=len(self.neurons))  # sorted by `here`
        first = n_entries.cumsum(0) - n_entries
        targets = (self.origin >= 0).nonzero().ravel()
        own = self.origin[targets]
        rows = targets.repeat_interleave(n_entries[own])
        begins = (n_entries[own].cumsum(0) - n_entries[own]).repeat_interleave(n_entries[own])
        entry = torch.arange(len(rows), device=rows.device) - begins + first[own].repeat_interleave(n_entries[own])
        source, target = self.neurons[there[entry]], self.neurons[here[entry]]
        wanted = self._code(self.column[rows] + self.column[source] - self.column[target], self.alike[source], labels)
        codes, order = self._code(self.column, self.alike, labels).sort()
        place = torch.searchsorted(codes, wanted).clamp_max(len(codes) - 1)
        exists = codes[place] == wanted
        alone = (self.origin < 0).nonzero().ravel()
        index = torch.stack([torch.cat([rows[exists], alone]), torch.cat([order[place[exists]], alone])])
        entries = torch.cat([values[here[entry], there[entry]][exists], otherwise[alone]])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse ")  # CSR is in beta
            return torch.sparse_coo_tensor(index, entries, (len(self.alike),) * 2).to_sparse_csr()

    def _is_origin(self) -> Tensor:
        found = torch.zeros(len(self.neurons), dtype=torch.bool, device=self.neurons.device)
        found[self.origin[self.origin >= 0]] = True
        return found

    def _code(self, column: Tensor, label: Tensor, labels: int) -> Tensor:
        """A number per column and label; columns next to the eye have numbers of their own."""
        low = self.column.amin(0) - (self.column.amax(0) - self.column.amin(0)) - 1
        width = 3 * int((self.column.amax(0) - self.column.amin(0)).max()) + 3
        u, v = (column - low).long().unbind(1)
        return (u * width + v) * labels + label
