"""Functions of one state, evaluated at many states through a table.

message(u) is needed at every frame of every neuron, a million states, but it is one smooth curve. So it is evaluated at
some hundred nodes and interpolated between them by Lagrange polynomials through six nodes (error ~ h^6; nn.line_table
has lines for curves with kinks). The states are fixed during a fit, so interpolation is one sparse matrix, built once;
the gradient passes through its transpose.
"""

import math
import warnings

import torch
from torch import Tensor

_ORDER = 6  # nodes per polynomial


class InterpolationTable:
    """Interpolation from nodes to states.

    Attributes: nodes [node, neuron] at which to evaluate (one column if all neurons share one curve); shape, that of
    the states [frame, neuron].
    """

    def __init__(self, states: Tensor, n_nodes: int, *, shared: bool) -> None:
        """states [frame, neuron]; shared: one curve for all neurons, else one per neuron over its own range."""
        if n_nodes < 2 * _ORDER:
            raise ValueError(
                f"n_nodes must be at least {2 * _ORDER} for polynomials through {_ORDER} nodes, got {n_nodes}."
            )
        n_frames, n_neurons = states.shape
        low, high = (states.min(), states.max()) if shared else (states.min(dim=0).values, states.max(dim=0).values)
        margin = _ORDER // 2 - 1
        step = ((high - low) / (n_nodes - _ORDER)).clamp_min(1e-9)
        origin = low - margin * step
        place = (states - origin) / step
        left = place.floor().clamp(margin, n_nodes - _ORDER // 2 - 1)
        weights = _lagrange(place - left, margin, _ORDER)  # [frame, neuron, order]
        index = left.long().unsqueeze(-1) + torch.arange(-margin, _ORDER - margin, device=states.device)
        n_columns = 1 if shared else n_neurons
        if not shared:  # tables lie one after the other
            index = index + n_nodes * torch.arange(n_neurons, device=states.device)[:, None]
        nodes = torch.arange(n_nodes, dtype=states.dtype, device=states.device)[:, None] * step + origin
        self.nodes = nodes.expand(n_nodes, n_columns)  # [node, neuron or 1]
        self.shape = states.shape
        self.index, self.weights = index, weights
        self._forward, self._transposed = _sparse(
            index.reshape(-1), weights.reshape(-1), n_frames * n_neurons, n_nodes * n_columns
        )

    def __call__(self, table: Tensor) -> Tensor:
        """Values [frame, neuron] at the states from values [node, neuron or 1] at the nodes."""
        return _Interpolate.apply(table.T.reshape(-1), self._forward, self._transposed).reshape(self.shape)

    def spread(self, columns: Tensor) -> Tensor:
        """Several tables of one shared curve at once: columns [node, column] give [state, column]; no gradient."""
        return self._forward @ columns


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table: Tensor, forward: Tensor, transposed: Tensor) -> Tensor:  # type: ignore[override]
        ctx.transposed = transposed
        return forward @ table

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return ctx.transposed @ gradient, None, None


def _lagrange(x: Tensor, margin: int, order: int) -> Tensor:
    """Weights [..., order] of the nodes at -margin ... order - margin - 1 for positions x in units of the step."""
    places = range(-margin, order - margin)
    columns = []
    for own in places:
        product = torch.ones_like(x)
        for other in places:
            if other != own:
                product = product * (x - other)
        columns.append(product / math.prod(own - other for other in places if other != own))
    return torch.stack(columns, dim=-1)


def _sparse(index: Tensor, weights: Tensor, n_rows: int, n_columns: int) -> tuple[Tensor, Tensor]:
    """The interpolation matrix and its transpose, both by rows: a transposed product would be ten times slower."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        warnings.filterwarnings("ignore", message="Sparse invariant checks")
        order = len(index) // n_rows  # nodes per state
        rows = torch.arange(0, order * n_rows + 1, order, device=index.device)
        forward = torch.sparse_csr_tensor(rows, index, weights, size=(n_rows, n_columns))
        by_node = torch.argsort(index, stable=True)
        counts = torch.bincount(index, minlength=n_columns)
        starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        row_of = torch.arange(n_rows, device=index.device).repeat_interleave(order)
        transposed = torch.sparse_csr_tensor(starts, row_of[by_node], weights[by_node], size=(n_columns, n_rows))
    return forward, transposed
