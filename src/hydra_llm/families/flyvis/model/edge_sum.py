"""The sum over incoming edges as one sparse product: received_i = sum_{e = (j -> i)} W_e m_j.

A message that depends on its source alone is needed once per neuron, not once per edge, and then the sum is a sparse
matrix times a dense one. Forward uses the matrix by targets, the gradient of m the matrix by sources (a transposed
sparse product would be several times slower), and the gradient of W_e = sum_k d_ki m_kj is sampled at the edges only.
"""

import warnings

import torch
from torch import Tensor, nn

_GATHER_LIMIT = 2**24  # numbers gathered at once for the gradient of W


class EdgeSum(nn.Module):
    """Fixed graph, free weights. edge_index [2, edge] holds (source, target) in any order, repeats allowed."""

    source: Tensor
    target: Tensor
    by_target: Tensor
    by_source: Tensor
    target_starts: Tensor
    source_starts: Tensor
    sources_by_target: Tensor
    targets_by_source: Tensor

    def __init__(self, edge_index: Tensor, n_neurons: int) -> None:
        super().__init__()
        if edge_index.ndim != 2 or edge_index.shape[0] != 2:
            raise ValueError(
                f"edge_index must have the shape [2, edge] (sources, targets), got {list(edge_index.shape)}."
            )
        if edge_index.numel() and not (edge_index.min() >= 0 and edge_index.max() < n_neurons):
            raise ValueError(
                f"edge_index must name neurons 0 to {n_neurons - 1}, got {int(edge_index.min())} to "
                f"{int(edge_index.max())}."
            )
        self.n_neurons = n_neurons
        source, target = edge_index.long()
        by_target = torch.argsort(target * n_neurons + source, stable=True)
        by_source = torch.argsort(source * n_neurons + target, stable=True)
        for name, values in {
            "source": source,
            "target": target,
            "by_target": by_target,
            "by_source": by_source,
            "target_starts": _starts(target, n_neurons),
            "source_starts": _starts(source, n_neurons),
            "sources_by_target": source[by_target].contiguous(),
            "targets_by_source": target[by_source].contiguous(),
        }.items():
            self.register_buffer(name, values, persistent=False)

    @property
    def n_edges(self) -> int:
        return len(self.source)

    def forward(self, W: Tensor, message: Tensor) -> Tensor:
        """received [batch, target] from weights W [edge] and messages [batch, source]."""
        return _EdgeSum.apply(W, message, self)

    def matrix(self, W: Tensor, *, transposed: bool = False) -> Tensor:
        """W as a sparse matrix [target, source], or [source, target]."""
        if transposed:
            starts, columns, order = self.source_starts, self.targets_by_source, self.by_source
        else:
            starts, columns, order = self.target_starts, self.sources_by_target, self.by_target
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            warnings.filterwarnings("ignore", message="Sparse invariant checks")
            return torch.sparse_csr_tensor(
                starts, columns, W[order], size=(self.n_neurons, self.n_neurons), check_invariants=False
            )


class _EdgeSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, W: Tensor, message: Tensor, graph: EdgeSum) -> Tensor:  # type: ignore[override]
        ctx.graph = graph
        ctx.save_for_backward(W, message)
        return (graph.matrix(W) @ message.T).T

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # type: ignore[override]
        W, message = ctx.saved_tensors
        graph: EdgeSum = ctx.graph
        received = gradient.T.contiguous()  # [target, batch]
        dW = _sampled(received, message.T.contiguous(), graph) if ctx.needs_input_grad[0] else None
        dm = (graph.matrix(W, transposed=True) @ received).T if ctx.needs_input_grad[1] else None
        return dW, dm, None


def _sampled(received: Tensor, message: Tensor, graph: EdgeSum) -> Tensor:
    """sum_k received[target, k] message[source, k] at the edges, in chunks of the batch that keep memory bounded."""
    step = max(1, _GATHER_LIMIT // max(1, graph.n_edges))
    total = received.new_zeros(graph.n_edges)
    for start in range(0, received.shape[1], step):
        part = slice(start, start + step)
        total += torch.einsum(
            "ek,ek->e", received[:, part].index_select(0, graph.target), message[:, part].index_select(0, graph.source)
        )
    return total


def _starts(rows: Tensor, n_rows: int) -> Tensor:
    counts = torch.bincount(rows, minlength=n_rows)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
