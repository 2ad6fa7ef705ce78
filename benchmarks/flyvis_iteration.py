"""One training iteration of the fly network: edge function once per neuron, against once per edge as published.

python benchmarks/flyvis_iteration.py
python benchmarks/flyvis_iteration.py --extents 2 --connectome /data/fib25-fib19_v2.2.json

Both do the same step on the same numbers: batch 4, hidden 80, embedding 2, all published penalties, backward, Adam.
Blocks of the two take turns, and a canary, a matrix product of fixed size, is timed before each block: where its spread
is large, something else was running.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from _report import publish
from torch import Tensor
from torch.optim import Adam
from torch_geometric.data import Data
from torch_geometric.nn import MessagePassing

from hydra_llm.families.flyvis.fitting.regularisers import GraphPenalties, RecordedStatistics, TrainingProgress
from hydra_llm.families.flyvis.model.build import flyvis_gnn
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.messages import SquaredMessage
from hydra_llm.families.flyvis.system.connectome import Connectome, build_connectome
from hydra_llm.families.flyvis.system.connectome_file import read_connectome_file
from hydra_llm.families.flyvis.system.source import find_connectome_file
from hydra_llm.systems.random_streams import stream

BATCH = 4
PENALTIES = {  # those of training=flyvis_published
    "coeff_W_L1": 1.5e-4,
    "coeff_W_L2": 1.5e-6,
    "coeff_edge_diff": 750.0,
    "coeff_edge_norm": 0.9,
    "coeff_edge_weight_L1": 0.28,
    "coeff_phi_weight_L1": 0.05,
    "coeff_phi_weight_L2": 1e-3,
}
WAYS = ("sparse product", "PyG", "per edge")
Predict = Callable[[FlyvisGNN, Tensor, Tensor], Tensor]


def main() -> None:
    eyes, blocks = asked_for("Time one training iteration, per neuron and per edge.", extents="2,8")
    rows = []
    for extent, eye in eyes.items():
        rows.append(row(extent, torch.from_numpy(eye.edge_index), torch.from_numpy(eye.input_index), blocks))
    note = (
        "Milliseconds per iteration, median over blocks (range). sparse product, PyG: edge function once per neuron. "
        "ratio: per edge over sparse product, median of the ratios of neighbouring blocks. "
        "gradient: largest relative difference of the gradients of sparse product and per edge over all parameters. "
        "One thread. canary: a matrix product of fixed size before each block."
    )
    publish("flyvis_iteration", "One training iteration of the fly network", rows, packages=("torch",), note=note)


def asked_for(description: str, extents: str) -> tuple[dict[int, Connectome], int]:
    """From the command line: extent -> network, and how many blocks to time of each way. Torch gets one thread."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--extents", default=extents, help="comma-separated")
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of each way")
    options = parser.parse_args()
    torch.set_num_threads(1)
    file = read_connectome_file(find_connectome_file(options.connectome))
    return {int(text): build_connectome(file, int(text)) for text in options.extents.split(",")}, options.blocks


def row(extent: int, edge_index: Tensor, input_index: Tensor, blocks: int) -> dict[str, object]:
    n = int(edge_index.max()) + 1
    v = torch.randn(BATCH, n, generator=torch.Generator().manual_seed(0))
    external = torch.rand(BATCH, len(input_index), generator=torch.Generator().manual_seed(1))
    nets = [published_net(n, edge_index, input_index) for _ in WAYS]
    ways: list[Predict] = [lambda net, v, I: net(v, I), per_neuron_pyg, per_edge]
    steps = [step_of(net, way, v, external) for net, way in zip(nets, ways, strict=True)]
    difference = gradient_difference(nets, ways, v, external)
    lengths = [max(1, round(0.5 / seconds(step, 1))) for step in steps]  # half a second per block; also the warm-up
    times: list[list[float]] = [[] for _ in WAYS]
    canary = []
    for _ in range(blocks):
        for k, step in enumerate(steps):
            canary.append(seconds(lambda: torch.mm(SQUARE, SQUARE), 20))
            times[k].append(seconds(step, lengths[k]))
    ratios = [edge / neuron for neuron, edge in zip(times[0], times[-1], strict=True)]
    return {
        "extent": extent,
        "neurons": n,
        "edges": edge_index.shape[1],
        **{f"{way} (ms)": shown(found) for way, found in zip(WAYS, times, strict=True)},
        "ratio": f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})",
        "gradient": difference,
        "canary (ms)": shown(canary),
    }


SQUARE = torch.ones(256, 256)


def published_net(n: int, edge_index: Tensor, input_index: Tensor) -> FlyvisGNN:
    return flyvis_gnn(
        graph=Data(edge_index=edge_index, input_index=input_index, num_nodes=n),
        generator=stream(0, "model_init"),
        dtype=torch.float32,
        message_form="square",
        update_form="generic",
        embedding_dim=2,
        embedding_scale=0.0,
        embedding_center=1.0,
        edge_embedding=True,
    )


class Scatter(MessagePassing):
    """sum_e W_e m_source(e), gathered and scattered."""

    def __init__(self) -> None:
        super().__init__(aggr="add")

    def forward(self, W: Tensor, message: Tensor, edge_index: Tensor) -> Tensor:
        return self.propagate(edge_index, m=message.T, W=W.unsqueeze(1)).T

    def message(self, m_j: Tensor, W: Tensor) -> Tensor:
        return W * m_j


SCATTER = Scatter()


def per_neuron_pyg(net: FlyvisGNN, v: Tensor, external: Tensor) -> Tensor:
    """dv/dt with the edge function once per neuron, and PyG's message passing in place of the sparse product."""
    msg = SCATTER(net.W, net.message(v), net.edge_index)
    return net.update(v, msg, net.spread_input(v, external))


def per_edge(net: FlyvisGNN, v: Tensor, external: Tensor) -> Tensor:
    """dv/dt as published: the edge function on every edge, messages scattered to their targets."""
    source, target = net.edge_index
    assert isinstance(net.lin_edge, SquaredMessage)
    features = net.embedding(v).index_select(1, source)  # [batch, edge, 1 + embedding]
    sent = net.W * net.lin_edge.mlp(features).squeeze(-1).square()
    msg = torch.zeros_like(v).index_add(1, target, sent)
    return net.update(v, msg, net.spread_input(v, external))


def step_of(net: FlyvisGNN, predict: Predict, v: Tensor, external: Tensor) -> Callable[[], None]:
    optimizer = Adam(net.parameters(), lr=1e-4, fused=True)
    recorded = RecordedStatistics(1.5 * float(v.std()), v.mean(dim=0), v.std(dim=0))
    penalties = GraphPenalties(PENALTIES, recorded, TrainingProgress(0.0))

    def step() -> None:
        loss = torch.linalg.vector_norm(predict(net, v, external) - 1) + penalties(net, v)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def gradient_difference(nets: list[FlyvisGNN], ways: list[Predict], v: Tensor, external: Tensor) -> float:
    found = []
    for net, predict in ((nets[0], ways[0]), (nets[-1], ways[-1])):
        loss = torch.linalg.vector_norm(predict(net, v, external) - 1)
        found.append(torch.autograd.grad(loss, list(net.parameters())))
    norm = torch.linalg.vector_norm
    return max(float(norm(ours - theirs) / norm(theirs)) for ours, theirs in zip(*found, strict=True))


def seconds(work: Callable[[], object], times: int) -> float:
    """Mean wall time of a call."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def shown(values: list[float]) -> str:
    return f"{1e3 * statistics.median(values):.3g} ({1e3 * min(values):.3g} to {1e3 * max(values):.3g})"


if __name__ == "__main__":
    main()
