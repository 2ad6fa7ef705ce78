"""Classical Runge-Kutta: four evaluations per step, global error of order dt^4 while the input is held."""

import torch
from torch import Tensor

from hydra_llm.systems.integrators.base import VectorField


class RK4:
    def step(
        self, field: VectorField, u: Tensor, external: Tensor | None, drift: Tensor, dt: float, out: Tensor
    ) -> None:
        k1 = drift
        k2 = field(torch.add(u, k1, alpha=dt / 2), external, torch.empty_like(u))
        k3 = field(torch.add(u, k2, alpha=dt / 2), external, torch.empty_like(u))
        k4 = field(torch.add(u, k3, alpha=dt), external, torch.empty_like(u))
        slope = k2.add_(k3).mul_(2).add_(k1).add_(k4)  # k1 + 2 k2 + 2 k3 + k4
        torch.add(u, slope, alpha=dt / 6, out=out)
