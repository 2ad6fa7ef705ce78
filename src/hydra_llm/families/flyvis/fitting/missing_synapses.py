"""Synapses that a wiring diagram should have and lacks: most counterparts of their neurons have them.

A kind of synapse joins two types at one relative column (counterparts.py). Where both neurons exist and most pairs like
them are joined, a pair that is not was overlooked, or differs. Only the wiring diagram is asked; whether such a synapse
acts, and how strongly, is for the fit to say.
"""

import numpy as np
import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.counterparts import edge_kinds

_FEWEST = 3  # joined pairs of a kind: random pairs hardly ever repeat themselves so often
_MOST = 0.5  # of the pairs of a kind that must be joined


def missing_synapses(edge_index: Tensor, alike: Tensor, column: Tensor) -> Tensor:
    """Pairs [(source, target), missing] that are not in edge_index [2, edge].

    alike [neuron]: equal for counterparts; column [neuron, (u, v)]: axial position on the lattice.
    """
    nothing = edge_index.new_zeros((2, 0))
    if not edge_index.numel():
        return nothing
    kind = edge_kinds(edge_index, alike, column).cpu().numpy()
    n_joined = np.bincount(kind)
    often = n_joined >= _FEWEST
    one = np.zeros(len(n_joined), dtype=np.int64)  # an edge of each kind
    one[kind] = np.arange(len(kind))
    number = np.flatnonzero(often)
    (source, target), label, place = edge_index.cpu().numpy(), alike.cpu().numpy(), column.cpu().numpy()
    from_type, to_type = label[source[one[number]]], label[target[one[number]]]
    step = place[target[one[number]]] - place[source[one[number]]]
    # every neuron of a kind's target type, and who stands where its source should
    by_type = np.argsort(label, kind="stable")
    size = np.bincount(label)
    first = np.cumsum(size) - size
    row = np.repeat(np.arange(len(number)), size[to_type])
    rank = np.arange(len(row)) - np.repeat(np.cumsum(size[to_type]) - size[to_type], size[to_type])
    end = by_type[first[to_type[row]] + rank]
    begin = _standing(label, place, from_type[row], place[end] - step[row])
    row, begin, end = (part[begin >= 0] for part in (row, begin, end))
    common = n_joined[number] > _MOST * np.bincount(row, minlength=len(number))
    asked = common[row]
    pairs = np.stack([begin[asked], end[asked]])
    n = len(label)
    joined = np.isin(pairs[0] * n + pairs[1], source * n + target)
    return torch.from_numpy(pairs[:, ~joined]).to(edge_index)


def _standing(label: np.ndarray, place: np.ndarray, asked_label: np.ndarray, asked_place: np.ndarray) -> np.ndarray:
    """The neuron of a type in a column [asked], -1 for none. Counterparts are one to a column; of more, the first."""
    here = np.column_stack([label, place])
    both, at = np.unique(
        np.concatenate([here, np.column_stack([asked_label, asked_place])]), axis=0, return_inverse=True
    )
    found = np.full(len(both), -1)
    found[at.ravel()[: len(here)][::-1]] = np.arange(len(here))[::-1]
    return found[at.ravel()[len(here) :]]
