"""Cell types from the wiring diagram alone: which neurons of different columns are each other's counterparts.

The eye repeats itself from column to column. Two neurons are counterparts if they receive from and send to the same
relative columns, and there from and to counterparts. The middle column, whose neighbourhood is cut off least by the
rim, serves as the reference. Every other column is matched to it, one to one, at the least difference of wiring
(Hungarian algorithm); then the labels found so far refine the comparison, as in the refinement of Weisfeiler & Lehman
(1968). No activity and no label of a type enters: neurons that are wired alike cannot be told apart, and are pooled.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from torch import Tensor

_ROUNDS = 12  # each passes the labels on by one synapse; two are enough for a complete wiring diagram


def counterparts(edge_index: Tensor, column: Tensor, input_index: Tensor) -> Tensor:
    """A number per neuron [neuron], from 0 without a gap, equal for counterparts.

    edge_index [(source, target), edge]; column [neuron, (u, v)], axial position on the lattice; input_index [input],
    neurons with an input, which are counterparts of such neurons only. A neuron without a counterpart in the middle
    column has a number of its own.
    """
    source, target = edge_index.cpu().numpy()
    place = column.cpu().numpy()
    columns, own_column = np.unique(place, axis=0, return_inverse=True)
    members = [np.flatnonzero(own_column.ravel() == number) for number in range(len(columns))]
    u, v = columns.T.astype(np.int64)
    reference = members[int((u**2 + u * v + v**2).argmin())]
    seen = np.zeros(len(place), dtype=np.int64)
    seen[input_index.cpu().numpy()] = 1
    label = seen
    for _ in range(_ROUNDS):
        profile, away = _wiring(source, target, place, label)
        found = np.full(len(place), -1)
        for here, own in zip(columns, members, strict=True):
            within = _contains(columns, here + away)
            own_part, other_part = (profile[rows][:, within].toarray() for rows in (own, reference))
            size = np.maximum(own_part.sum(1)[:, None], other_part.sum(1)).clip(1)
            difference = cdist(own_part, other_part, "cityblock") / size
            rows, matches = linear_sum_assignment(difference + 1e3 * (seen[own][:, None] != seen[reference]))
            found[own[rows]] = matches
        alone = found < 0
        found[alone] = len(reference) + np.arange(alone.sum())
        if (found == label).all():
            break
        label = found
    return torch.from_numpy(np.unique(label, return_inverse=True)[1].ravel()).to(edge_index.device)


def edge_kinds(edge_index: Tensor, types: Tensor, column: Tensor) -> Tensor:
    """A number per edge of edge_index [2, edge], equal where source type, target type and column offset are.

    types [neuron]; column [neuron, 2]: axial position on the lattice.
    """
    source, target = edge_index
    step = (column[target] - column[source]).to(types.dtype)
    description = torch.cat([types[target][:, None], types[source][:, None], step], dim=1)
    return torch.unique(description, dim=0, return_inverse=True)[1]


def _wiring(
    source: np.ndarray, target: np.ndarray, place: np.ndarray, label: np.ndarray
) -> tuple[csr_array, np.ndarray]:
    """Number of synapses of each neuron by direction, relative column and label of the partner [neuron, kind of
    partner], and the relative columns [kind of partner, (u, v)]."""
    step = place[target] - place[source]
    heard = np.column_stack([np.zeros_like(source), -step, label[source]])
    told = np.column_stack([np.ones_like(source), step, label[target]])
    kinds, kind = np.unique(np.concatenate([heard, told]), axis=0, return_inverse=True)
    neuron, one = np.concatenate([target, source]), np.ones(2 * len(source), dtype=np.float32)
    return csr_array((one, (neuron, kind.ravel())), shape=(len(place), len(kinds))), kinds[:, 1:3]


def _contains(columns: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Which of the columns asked for, [row, (u, v)], the eye has."""
    both, place = np.unique(np.concatenate([columns, asked]), axis=0, return_inverse=True)
    has = np.zeros(len(both), dtype=bool)
    has[place.ravel()[: len(columns)]] = True
    return has[place.ravel()[len(columns) :]]
