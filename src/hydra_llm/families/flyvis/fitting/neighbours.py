"""Least squares of every neuron on its own inputs, thousands of small problems at a time.

slope_i = rate_i own_i + offset_i + sum_e w_e message_source(e), over the edges e into neuron i. With own = I_i - v_i
and message = relu(v) this is the law of the fly visual system: rate = 1/tau, offset = V_rest/tau, w = W/tau. With
messages that a network learned it is the closed form of its linear part.

The frames pass through in blocks, twice: once for normal matrices, once more in the coordinates that whiten them
(Cholesky QR with a second pass; Yamamoto et al., ETNA 44, 2015, is the analysis). One pass would square the condition
number and hide singular values below 1e-8.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

N_OWN = 2  # unknowns that are not edges: rate and offset, in this order, before the weights
_MOST_FRAMES, _MOST_STATES = 2048, 2**24  # of a block of frames
_ELEMENTS = 2**18  # of the features that are multiplied at once: what a core's cache holds
_EPS = torch.finfo(torch.float64).eps


class FrameBlock(NamedTuple):
    """Consecutive frames: message [frame, source], own and slope [frame, target], all of one length of neurons."""

    message: Tensor
    own: Tensor
    slope: Tensor


Blocks = Callable[[], Iterable[FrameBlock]]  # can be run through more than once


def frames_at_once(n_neurons: int) -> int:
    """Frames of a block: enough for long products, few enough for memory."""
    return max(1, min(_MOST_FRAMES, _MOST_STATES // n_neurons))


@dataclass(frozen=True)
class Group:
    """Neurons with the same number of incoming edges."""

    targets: Tensor  # [neuron]
    edges: Tensor  # [neuron, input], index into edge_index
    sources: Tensor  # [neuron, input]

    @property
    def n_unknowns(self) -> int:
        return N_OWN + self.edges.shape[1]


def by_in_degree(edge_index: Tensor, n_neurons: int) -> list[Group]:
    """Groups of the targets of edge_index [2, edge] (source, target); neurons without inputs are a group too."""
    source, target = edge_index
    if edge_index.numel() and not 0 <= int(edge_index.min()) <= int(edge_index.max()) < n_neurons:
        raise ValueError(
            f"edge_index must name neurons 0 to {n_neurons - 1}, got {int(edge_index.min())} to "
            f"{int(edge_index.max())}."
        )
    order = torch.argsort(target, stable=True)
    degree = torch.bincount(target, minlength=n_neurons)
    first = torch.cumsum(degree, 0) - degree
    groups = []
    for d in degree.unique().tolist():
        targets = (degree == d).nonzero().ravel()
        edges = order[first[targets, None] + torch.arange(d, device=order.device)]
        groups.append(Group(targets, edges, source[edges]))
    return groups


def by_recorded(groups: list[Group], recorded: Tensor | None) -> tuple[list[Group], list[Group]]:
    """The groups of neurons that are recorded, bool [neuron], and of those that are not; None: all are."""
    if recorded is None:
        return groups, []
    parts: tuple[list[Group], list[Group]] = [], []
    for group in groups:
        own = recorded[group.targets]
        for part, chosen in zip(parts, (own, ~own), strict=True):
            if chosen.any():
                part.append(Group(group.targets[chosen], group.edges[chosen], group.sources[chosen]))
    return parts


@dataclass(frozen=True)
class NeighbourFactor:
    """min_x |X x - y|^2 = |R x - z|^2 + residual for each neuron of a group. Unknowns x: rate, offset, weights."""

    group: Group
    R: Tensor  # [neuron, unknown, unknown], upper triangular
    z: Tensor  # [neuron, unknown]
    residual: Tensor  # [neuron]
    n_frames: int

    def errors(self, x: Tensor) -> Tensor:
        """Mean square error of the slope [neuron] with unknowns x [neuron, unknown]."""
        explained = (torch.einsum("nab,nb->na", self.R, x) - self.z).square().sum(1)
        return (explained + self.residual) / max(1, self.n_frames)


def factorise(groups: list[Group], blocks: Blocks) -> list[NeighbourFactor]:
    """The triangular factor of the problem of every neuron in the groups, in float64, to the precision of the features
    themselves.
    """
    normal, n_frames = normal_matrices(groups, blocks, None)
    if n_frames == 0:
        raise ValueError("Least squares needs at least one frame. Record more frames.")
    bases = [_Basis.of(matrix) for matrix in normal]
    whitened, _ = normal_matrices(groups, blocks, [basis.unwhiten for basis in bases])
    return [
        _factor(group, matrix, basis, n_frames) for group, matrix, basis in zip(groups, whitened, bases, strict=True)
    ]


class _Basis(NamedTuple):
    """Coordinates in which the features of a neuron are about orthonormal: X = (X unwhiten) whiten."""

    unwhiten: Tensor  # [neuron, unknown, unknown]
    whiten: Tensor

    @classmethod
    def of(cls, normal: Tensor) -> "_Basis":
        values, vectors = torch.linalg.eigh(normal[:, :-1, :-1])
        floor = values[:, -1:].clamp_min(1e-300) * _EPS  # below it the normal matrix holds rounding alone
        scale = torch.maximum(values, floor).sqrt()
        return cls(vectors / scale[:, None, :], scale[:, :, None] * vectors.mT)


def _factor(group: Group, normal: Tensor, basis: _Basis, n_frames: int) -> NeighbourFactor:
    values, vectors = torch.linalg.eigh(normal[:, :-1, :-1])
    sizes = values.clamp_min(0).sqrt()
    z = torch.where(sizes > 0, torch.einsum("nab,na->nb", vectors, normal[:, :-1, -1]) / sizes, 0)
    residual = (normal[:, -1, -1] - z.square().sum(1)).clamp_min(0)
    Q, R = torch.linalg.qr(sizes[:, :, None] * (vectors.mT @ basis.whiten))
    return NeighbourFactor(group, R, torch.einsum("nab,na->nb", Q, z), residual, n_frames)


def normal_matrices(groups: list[Group], blocks: Blocks, bases: list[Tensor] | None) -> tuple[list[Tensor], int]:
    """X^T X of [features, slope] per group [neuron, unknown + 1, unknown + 1], and the number of frames."""
    sums: list[Tensor] = []
    rows: list[Tensor] = []
    stack, space = torch.empty(0), _Space()
    n_frames = 0
    for block in blocks():
        n, n_neurons = block.message.shape
        n_frames += n
        stack = _stacked(block, stack)
        if not sums:
            rows = [_rows(group, n_neurons) for group in groups]
            sums = [stack.new_zeros((len(own), own.shape[1], own.shape[1])) for own in rows]
        for k, own in enumerate(rows):
            for some in _slices(own, n):
                columns = space.gathered(stack, own[some])
                if bases is not None:
                    columns[:, :-1] = bases[k][some].mT @ columns[:, :-1]
                sums[k][some].baddbmm_(columns, columns.mT)
    return sums, n_frames


def _stacked(block: FrameBlock, stack: Tensor) -> Tensor:
    """Messages, own, slopes of all neurons and a row of ones [3 neuron + 1, frame] in float64, in the memory of `stack`
    where it has this shape: fresh memory for every block costs as much as the products.
    """
    n, n_neurons = block.message.shape
    shape = (3 * n_neurons + 1, n)
    if stack.shape != shape:
        stack = torch.empty(shape, dtype=torch.float64, device=block.message.device)
        stack[-1] = 1
    for k, part in enumerate(block):
        stack[k * n_neurons : (k + 1) * n_neurons] = part.T
    return stack


def _rows(group: Group, n_neurons: int) -> Tensor:
    """Rows of a stack that are the features and the slope of each neuron [neuron, unknown + 1]."""
    own = group.targets[:, None]
    return torch.cat([own + n_neurons, torch.full_like(own, 3 * n_neurons), group.sources, own + 2 * n_neurons], dim=1)


class _Space:
    """Memory that is used again for the features of some neurons after those of others."""

    def __init__(self) -> None:
        self._memory = torch.empty(0)

    def gathered(self, stack: Tensor, rows: Tensor) -> Tensor:
        """The rows [neuron, row] of a stack [row, frame] as [neuron, row, frame]; valid until the next call."""
        size = rows.numel() * stack.shape[1]
        if self._memory.numel() < size:
            self._memory = stack.new_empty(size)
        found = self._memory[:size].view(rows.numel(), stack.shape[1])
        torch.index_select(stack, 0, rows.ravel(), out=found)
        return found.view(*rows.shape, stack.shape[1])


def _slices(rows: Tensor, n_frames: int) -> Iterator[slice]:
    width = max(1, _ELEMENTS // max(1, n_frames * rows.shape[1]))
    for start in range(0, len(rows), width):
        yield slice(start, start + width)
