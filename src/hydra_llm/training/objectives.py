"""What a gradient fit minimises, apart from regularisers.

Both objectives are norms, as published (not mean squares): the coefficients of the regularisers keep the scale that the
published protocols give them. The norm is that of the whole batch, ||prediction - target||_2, or, for metabolism, the
sum of the norms of its samples.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from hydra_llm.training.strategy import Batch, FitStep


class FitObjective(Protocol):
    """A training strategy that returns a loss and nothing else."""

    @property
    def horizon(self) -> int:
        """Frames behind the first one that a sample needs."""
        ...

    def loss(self, model: nn.Module, batch: Batch, step: FitStep) -> Tensor: ...


@dataclass(frozen=True)
class OneStep:
    """|| f(u_k + noise) - du/dt_k ||_2, with Gaussian noise of standard deviation noise_level on the states seen."""

    noise_level: float
    per_sample: bool = False

    @property
    def horizon(self) -> int:
        return 0

    def loss(self, model: nn.Module, batch: Batch, step: FitStep) -> Tensor:
        u = _noisy(batch.state(), self.noise_level, step.generator)
        return _norm(model(u, batch.input()) - batch.target, self.per_sample)


@dataclass(frozen=True)
class Rollout:
    """|| (u'_{k+T} - u_{k+T}) / (dt T) ||_2: u' is u_k after T Euler steps of the network, noise added before each."""

    time_step: int  # T, in frames
    noise_level: float
    per_sample: bool = False

    def __post_init__(self) -> None:
        if self.time_step < 1:
            raise ValueError(f"time_step must be at least 1, got {self.time_step}.")

    @property
    def horizon(self) -> int:
        return self.time_step

    def loss(self, model: nn.Module, batch: Batch, step: FitStep) -> Tensor:
        u = batch.state()
        for k in range(self.time_step):
            u = u + batch.delta_t * model(_noisy(u, self.noise_level, step.generator), batch.input(k))
        miss = (u - batch.state(self.time_step)) / (batch.delta_t * self.time_step)
        return _norm(miss, self.per_sample)


class ObjectiveSettings(Protocol):
    """The keys of conf/training that choose an objective."""

    time_step: int  # in frames
    noise_model_level: float


def objective_of(training: ObjectiveSettings, *, per_sample: bool = False) -> FitObjective:
    """One-step prediction for time_step 1, else a rollout of so many frames."""
    if training.time_step > 1:
        return Rollout(training.time_step, training.noise_model_level, per_sample)
    return OneStep(training.noise_model_level, per_sample)


def _norm(miss: Tensor, per_sample: bool) -> Tensor:
    """Of misses [sample, unit]."""
    return torch.linalg.vector_norm(miss, dim=1).sum() if per_sample else torch.linalg.vector_norm(miss)


def _noisy(u: Tensor, level: float, generator: torch.Generator) -> Tensor:
    if level == 0:
        return u
    return u + level * torch.randn(u.shape, generator=generator, dtype=u.dtype).to(u.device)
