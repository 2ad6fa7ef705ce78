"""The interface test of a training strategy: a few steps on tiny made-up data, nothing of any experiment."""

from pathlib import Path

import torch
from torch import Tensor, nn

from hydra_llm.code.source import Source
from hydra_llm.data.windows import Frames
from hydra_llm.training.custom_strategy import FileStrategy
from hydra_llm.training.strategy import Batch, FitStep

N_FRAMES, N_UNITS, N_COLUMNS, DELTA_T = 60, 5, 3, 0.1
WINDOW = 16  # frames behind the first that the made-up recording can give


class _Embedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(N_UNITS, 2, dtype=torch.float64))


class TinyNetwork(nn.Module):
    """Has every method that a network or a view of phase 2 has, and, as a trap, labels that no network has."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(0.3 * torch.randn(N_UNITS, N_UNITS, dtype=torch.float64))
        self.embedding = _Embedding()
        self.scale = nn.Parameter(torch.ones(N_UNITS, dtype=torch.float64))
        self.put_truth(torch.arange(N_UNITS))

    def put_truth(self, order: Tensor) -> None:
        for name in ("truth", "types", "labels", "neuron_types", "connectivity_truth"):
            object.__setattr__(self, name, order.clone())

    def reaction(self, u: Tensor, external: Tensor | None) -> Tensor:
        return torch.tanh(u) @ self.W.T

    def node(self, u: Tensor, external: Tensor | None) -> Tensor:
        return -self.scale * u + self.embedding.a.sum(dim=1)

    def forward(self, u: Tensor, external: Tensor | None) -> Tensor:
        return self.reaction(u, external) + self.node(u, external)


def check_strategy(path: str) -> list[str]:
    """Sentences on what is wrong; [] for a strategy that a fit can use. Raises what the strategy raises."""
    torch.manual_seed(0)
    loaded = FileStrategy.load(Source(Path(path)))
    if loaded.horizon(0) > WINDOW:
        return [f"horizon must be at most {WINDOW} for the test, got {loaded.horizon(0)}. Take shorter stretches."]
    net = TinyNetwork()
    for external in (None, torch.randn(N_FRAMES, N_COLUMNS, dtype=torch.float64)):
        activity = torch.randn(N_FRAMES, N_UNITS, dtype=torch.float64).cumsum(dim=0) / 10
        frames = Frames(activity, torch.randn(N_FRAMES, N_UNITS, dtype=torch.float64), external)
        for number, n_samples in ((0, 8), (7, 1), (19, 8)):
            problems = _one(loaded, net, frames, number, n_samples)
            if problems:
                return problems
    return []


def _one(loaded: FileStrategy, net: TinyNetwork, frames: Frames, number: int, n_samples: int) -> list[str]:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.zero_grad()
    net.put_truth(torch.arange(N_UNITS))
    loss = _loss(loaded, net, frames, number, n_samples)
    loss.backward()
    reached = [p.grad is not None and bool((p.grad != 0).any()) for p in net.parameters()]
    if not any(reached):
        return ["No parameter of the network gets a gradient: nothing could learn from this loss."]
    if not all(bool(torch.isfinite(p.grad).all()) for p in net.parameters() if p.grad is not None):
        return [f"A gradient is not a finite number at step {number}."]
    if any(not torch.equal(value, before[name]) for name, value in net.state_dict().items()):
        return ["It changes the network itself. A strategy returns a loss, and the optimiser moves the network."]
    fresh = FileStrategy.load(loaded.source)
    values = []
    for order in (torch.arange(N_UNITS), torch.arange(N_UNITS).flip(0)):
        net.put_truth(order)
        values.append(float(_loss(fresh, net, frames, number, n_samples)))
        fresh = FileStrategy.load(loaded.source)
    if values[0] != values[1]:
        return ["Its loss changes when the truth is permuted: it reads what an experimenter does not know."]
    return []


def _loss(loaded: FileStrategy, net: TinyNetwork, frames: Frames, number: int, n_samples: int) -> Tensor:
    horizon = loaded.horizon(1)
    start = torch.arange(n_samples) * 3
    batch = Batch.of(frames, start, horizon, DELTA_T)

    def configured() -> Tensor:
        return (net(batch.state(), batch.input()) - batch.target).pow(2).mean()

    step = FitStep(number, 20, torch.Generator().manual_seed(0), configured)
    loss, diagnostics = loaded.loss(net, batch, step)
    loaded.numbers(loss, diagnostics, step)
    return loss
