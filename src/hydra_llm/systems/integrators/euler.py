"""Explicit Euler: u' = u + dt f(u). Global error of order dt."""

import torch
from torch import Tensor

from hydra_llm.systems.integrators.base import VectorField


class Euler:
    def step(
        self, field: VectorField, u: Tensor, external: Tensor | None, drift: Tensor, dt: float, out: Tensor
    ) -> None:
        torch.add(u, drift, alpha=dt, out=out)
