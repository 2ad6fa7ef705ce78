"""The sum over the edges of the fly network: our sparse product against the ways of PyTorch Geometric.

python benchmarks/message_passing.py
python benchmarks/message_passing.py --extents 2 --connectome /data/fib25-fib19_v2.2.json

iteration: forward, penalties, backward and Adam at the published settings. validation: the sum forward. projection: the
sum forward and backward to the messages, in float64, as in a fit that solves for W.
The ways take turns, block by block; times are those of the processor, so that other work on the machine counts little.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from _report import publish
from flyvis_iteration import BATCH, PENALTIES, asked_for, published_net, shown, step_of
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.nn import MessagePassing

from hydra_llm.families.flyvis.model.edge_sum import EdgeSum
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

Sum = Callable[[Tensor, Tensor], Tensor]  # weights [edge], messages [batch, source] -> received [batch, target]
Step = Callable[[], None]
SUMS = {"validation": (128, torch.float32, False), "projection": (800, torch.float64, True)}  # batch, dtype, backward


class Gathered(MessagePassing):
    """A message per edge, scattered to its target: PyG's own way."""

    def __init__(self, edge_index: Tensor) -> None:
        super().__init__(aggr="add")
        self._edge_index = edge_index

    def forward(self, W: Tensor, message: Tensor) -> Tensor:
        return self.propagate(self._edge_index, m=message.T, W=W.unsqueeze(1)).T

    def message(self, m_j: Tensor, W: Tensor) -> Tensor:
        return W * m_j


class Fused(MessagePassing):
    """Our product behind message_and_aggregate: what PyG's interface costs."""

    SUPPORTS_FUSED_EDGE_INDEX = True

    def __init__(self, edge_index: Tensor, n_neurons: int) -> None:
        super().__init__(aggr="add")
        self._edge_index, _ = EdgeIndex(edge_index, sparse_size=(n_neurons, n_neurons)).sort_by("col")
        self._sum = EdgeSum(edge_index, n_neurons)

    def forward(self, W: Tensor, message: Tensor) -> Tensor:
        return self.propagate(self._edge_index, m=message, W=W)

    def message_and_aggregate(self, edge_index: Tensor, m: Tensor, W: Tensor) -> Tensor:
        return self._sum(W, m)


class SparseMatrix(MessagePassing):
    """A compressed sparse matrix in place of the edge list, its gradient by torch."""

    def __init__(self, edge_index: Tensor, n_neurons: int) -> None:
        super().__init__(aggr="add")
        self._sum = EdgeSum(edge_index, n_neurons)

    def forward(self, W: Tensor, message: Tensor) -> Tensor:
        return self.propagate(self._sum.matrix(W), m=message.T).T

    def message_and_aggregate(self, adj_t: Tensor, m: Tensor) -> Tensor:
        return adj_t @ m


def sorted_edges(edge_index: EdgeIndex, order: Tensor, W: Tensor, message: Tensor) -> Tensor:
    """EdgeIndex.matmul: has a fused kernel, which it leaves when the weights need a gradient."""
    return edge_index.matmul(message.T, input_value=W[order], transpose=True).T


def ways(edge_index: Tensor, n: int) -> dict[str, Sum]:
    ordered, order = EdgeIndex(edge_index, sparse_size=(n, n)).sort_by("col")
    assert order is not None
    return {
        "EdgeSum": EdgeSum(edge_index, n),
        "MessagePassing": Gathered(edge_index),
        "fused MessagePassing": Fused(edge_index, n),
        "sparse matrix": SparseMatrix(edge_index, n),
        "EdgeIndex": partial(sorted_edges, ordered, order),
    }


def main() -> None:
    eyes, blocks = asked_for("Time the sum over the edges of the fly network.", extents="2,5")
    rows = []
    for extent, eye in eyes.items():
        edge_index, input_index = torch.from_numpy(eye.edge_index), torch.from_numpy(eye.input_index)
        about = {"extent": extent, "neurons": eye.n_neurons, "edges": edge_index.shape[1]}
        found = ways(edge_index, eye.n_neurons)
        v = torch.randn(BATCH, eye.n_neurons, generator=torch.Generator().manual_seed(0))
        external = torch.rand(BATCH, len(input_index), generator=torch.Generator().manual_seed(1))
        steps = {}
        for name, edge_sum in found.items():
            net = published_net(eye.n_neurons, edge_index, input_index)
            steps[name] = step_of(net, partial(predict, edge_sum), v, external)
        rows.append({"work": f"iteration, batch {BATCH}", **about, **compare(steps, blocks)})
        for work, how in SUMS.items():
            steps = {name: sum_step(edge_sum, about, *how) for name, edge_sum in found.items()}
            rows.append({"work": f"{work}, batch {how[0]}", **about, **compare(steps, blocks)})
    note = (
        "EdgeSum: milliseconds of processor time, median over blocks (range). The others: that time over EdgeSum's, "
        "median of the ratios of neighbouring blocks (range). MessagePassing gathers and scatters; fused "
        "MessagePassing: EdgeSum behind message_and_aggregate; sparse matrix: a torch.sparse_csr adjacency with "
        f"torch's gradient; EdgeIndex: its matmul. One thread. Penalties: {', '.join(PENALTIES)}."
    )
    publish("message_passing", "The sum over edges", rows, packages=("torch", "torch-geometric"), note=note)


def predict(edge_sum: Sum, net: FlyvisGNN, v: Tensor, external: Tensor) -> Tensor:
    """dv/dt of the network with another sum in place of its own."""
    return net.update(v, edge_sum(net.W, net.message(v)), net.spread_input(v, external))


def sum_step(edge_sum: Sum, about: dict[str, int], batch: int, dtype: torch.dtype, backward: bool) -> Step:
    generator = torch.Generator().manual_seed(0)
    W = torch.randn(about["edges"], generator=generator, dtype=dtype)
    message = torch.randn(batch, about["neurons"], generator=generator, dtype=dtype)

    def step() -> None:
        received = edge_sum(W, message.requires_grad_(backward))
        if backward:
            received.square().sum().backward()

    return step


def compare(steps: dict[str, Step], blocks: int) -> dict[str, str]:
    """The first way in milliseconds, the others in multiples of it."""
    lengths = {name: max(1, round(0.3 / processor_seconds(step, 2))) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(blocks):
        for name, step in steps.items():
            times[name].append(processor_seconds(step, lengths[name]))
    (first, base), *others = times.items()
    cells = {f"{first} (ms)": shown(base)}
    for name, values in others:
        ratios = [value / own for value, own in zip(values, base, strict=True)]
        cells[name] = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return cells


def processor_seconds(step: Step, times: int) -> float:
    """Mean processor time of a call."""
    began = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - began) / times


if __name__ == "__main__":
    main()
