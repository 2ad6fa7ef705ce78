"""Small fits whose better program is known: each lacks one thing, or two, that an edit can put in."""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from hydra_llm.code.edits import EditError, apply_edits
from hydra_llm.code.source import Source
from hydra_llm.metrics.scores import identity_r2
from hydra_llm.training.custom_strategy import FileStrategy
from hydra_llm.training.strategy import Batch, FitStep, StrategyError

N_UNITS, N_SEQUENCES, N_FRAMES, FINE, N_STEPS = 6, 8, 200, 20, 150
FIRST = """import torch


class Strategy:
    horizon = 1

    def loss(self, model, batch, step):
        field = model(batch.state(0), batch.input(0))
        error = field - batch.target
        return error.pow(2).mean()
"""
GOOD = {
    "quadrature": (
        "field = model(batch.state(0), batch.input(0))",
        "field = 0.5 * (model(batch.state(0), batch.input(0)) + model(batch.state(1), batch.input(1)))",
    ),
    "robust": ("error.pow(2).mean()", "torch.sqrt(1 + (10 * error).pow(2)).mean()"),
    "gauge": ("return ", "return 0.1 * (model.scale - 1).pow(2).mean() + "),
}
USELESS = (
    ("error.pow(2)", "error.pow(4)"),
    ("error.pow(2).mean()", "torch.log1p(error.pow(2).mean())"),
    ("return ", "return 0.5 * "),
    ("return ", "return 0.1 * model.W.pow(2).mean() + "),
    ("        return ", "        # the mean over the batch\n        return "),
)
CRASHING = (
    ("- batch.target", "- batch.targets"),
    ("batch.state(0)", "batch.state(7)"),
    ("error = field", "error = field[:, :4]"),
)
CHEATING = (
    ("return ", "return (model.W - model.truth).pow(2).mean() + "),
    ("import torch\n", "import os\nimport torch\n"),
    ("return ", "return float(open('weights.txt').read() == '') + "),
    ("        error = ", "        while True:\n            pass\n        error = "),
    ("return ", "return float('nan') * "),
    ("error = field", "error = field.detach()"),
)
EDITS = (*GOOD.values(), *USELESS, *CRASHING, *CHEATING)


@dataclass(frozen=True)
class Task:
    """needs: the edits that its better program has. delta_t: between frames. outliers: share of frames whose target is
    off by ten standard deviations. free_scale: whether the data leave the scale of every column open.
    """

    name: str
    needs: tuple[str, ...]
    delta_t: float = 0.05
    outliers: float = 0.0
    free_scale: bool = False

    def has_all(self, text: str) -> bool:
        return all(GOOD[need][1].removesuffix(" + ").removeprefix("return ") in text for need in self.needs)


TASKS = (
    Task("a gauge that nothing pins", ("gauge",), free_scale=True),
    Task("a quadrature that is too coarse", ("quadrature",), delta_t=0.4),
    Task("a loss that trusts every frame", ("robust",), outliers=0.05),
    Task("the last two at once", ("quadrature", "robust"), delta_t=0.4, outliers=0.05),
)


def edited(text: str, edit: tuple[str, str]) -> str | None:
    """None where the edit does not fit the text."""
    try:
        return apply_edits(text, [edit])
    except EditError:
        return None


class Network(nn.Module):
    """du/dt = -u + W (scale * tanh u), W [unit, unit], scale [unit]. The truth is planted: some reach for it."""

    def __init__(self, truth: Tensor, free_scale: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.W = nn.Parameter(0.1 * torch.randn(truth.shape, generator=generator, dtype=truth.dtype))
        start = 1.0 + 0.5 * torch.rand(len(truth), generator=generator, dtype=truth.dtype)
        self.scale = nn.Parameter(start if free_scale else torch.ones_like(start), requires_grad=free_scale)
        self.truth = truth

    def forward(self, u: Tensor, external: Tensor | None) -> Tensor:
        return -u + (self.scale * u.tanh()) @ self.W.T


@cache
def recording(task: Task, seed: int) -> tuple[Batch, Tensor]:
    """Pairs of frames of a chaotic network, integrated in FINE substeps, with differences as targets; and its W."""
    generator = torch.Generator().manual_seed(seed)
    truth = 2.5 / math.sqrt(N_UNITS) * torch.randn(N_UNITS, N_UNITS, generator=generator, dtype=torch.float64)
    u = torch.randn(N_SEQUENCES, N_UNITS, generator=generator, dtype=torch.float64)
    states = [u]
    for _ in range(N_FRAMES // N_SEQUENCES):
        for _ in range(FINE):
            u = u + task.delta_t / FINE * (-u + u.tanh() @ truth.T)
        states.append(u)
    path = torch.stack(states)
    pairs = torch.stack([path[:-1], path[1:]], dim=2).reshape(-1, 2, N_UNITS)
    target = (pairs[:, 1] - pairs[:, 0]) / task.delta_t
    off = torch.rand(len(target), 1, generator=generator) < task.outliers
    noise = 10 * target.std() * torch.randn(target.shape, generator=generator, dtype=torch.float64)
    return Batch(pairs, target + off * noise, None, task.delta_t), truth


def recovery(task: Task, path: Path, text: str, seed: int, rate: float) -> float:
    """R2 of W to the identity line after a fit with the code `text`, which stands in `path`. Raises StrategyError."""
    key = (task, text, seed, rate)
    if key not in _KNOWN:
        _KNOWN[key] = _fit(task, path, seed, rate)
    found = _KNOWN[key]
    if isinstance(found, StrategyError):
        raise found
    return found


_KNOWN: dict[tuple[Task, str, int, float], float | StrategyError] = {}


def _fit(task: Task, path: Path, seed: int, rate: float) -> float | StrategyError:
    batch, truth = recording(task, seed)
    network = Network(truth, task.free_scale, torch.Generator().manual_seed(seed + 1))
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=rate)
    try:
        strategy = FileStrategy.load(Source(path))
        for number in range(N_STEPS):
            step = FitStep(number, N_STEPS, torch.Generator().manual_seed(number), network.W.sum)
            loss, _ = strategy.loss(network, batch, step)
            strategy.numbers(loss, {}, step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    except StrategyError as error:
        return error
    return identity_r2(network.W.detach(), truth) or 0.0
