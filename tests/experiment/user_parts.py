"""A network, a phase and a LightningModule that are not ours; test_open_doors.py names them by `_target_`."""

from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn

from hydra_llm.data.windows import Frames
from hydra_llm.training.recovery import RecoveryModule


class Leaky(nn.Module):
    """du/dt = A u: linear dynamics, whatever the family."""

    def __init__(self, *, start: float, activity: Tensor, dtype: torch.dtype, **_: Any) -> None:
        super().__init__()
        n = activity.shape[1]
        self.A = nn.Parameter(torch.full((n, n), start, dtype=dtype))

    def forward(self, u: Tensor, external: Tensor | None) -> Tensor:
        return u @ self.A.T


class LeastSquares:
    """One interval: A by least squares; of other networks the update function is left alone."""

    name = "least_squares"
    n_intervals = 1

    def __init__(self, training: Any, data: Any, ridge: float = 0.0) -> None:
        self.seen = (training.seed, data.frames("train").n_frames, data.delta_t)
        self.ridge = ridge

    def optimizer(self, net: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(net.parameters(), lr=0.0)

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Any, step: Any) -> dict[str, float]:
        if isinstance(net, Leaky):
            with torch.no_grad():
                normal = frames.activity.T @ frames.activity + self.ridge * torch.eye(len(net.A))
                net.A.copy_(torch.linalg.solve(normal, frames.activity.T @ frames.target).T)
        step(lambda: torch.zeros(()))
        return {"ridge": self.ridge}


class Counting(RecoveryModule):
    """Ours, with a metric of its own."""

    def validation_step(self, batch: Frames, batch_idx: int) -> None:
        super().validation_step(batch, batch_idx)
        self.log("val_frames", float(batch.n_frames), batch_size=1)


class Whole(LightningModule):
    """Lightning's ordinary way: automatic optimisation, a fixed number of epochs, phases not used."""

    n_intervals = 3

    def __init__(self, net: nn.Module, phases: Any, validate: Any) -> None:
        super().__init__()
        self.net, self._validate = net, validate

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.net.parameters(), lr=0.01)

    def training_step(self, batch: Frames, batch_idx: int) -> Tensor:
        return (self.net(batch.activity, batch.external) - batch.target).square().mean()

    def validation_step(self, batch: Frames, batch_idx: int) -> None:
        self.log("val_loss", self._validate(self.net, batch), batch_size=1)


def phaseless(net: nn.Module, phases: Any, validate: Any) -> nn.Module:
    """No LightningModule."""
    return net


def narrow(n_neurons: int) -> nn.Module:
    """Takes too little of what a family provides."""
    return nn.Linear(n_neurons, n_neurons)
