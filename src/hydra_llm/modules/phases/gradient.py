"""Plain Adam on minibatches: the fit of the publications, one batched pass per step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.models.signal_gnn import SignalGNN
from hydra_llm.modules.objectives import Objective
from hydra_llm.modules.phases.base import Step
from hydra_llm.modules.regularisers import Regulariser
from hydra_llm.modules.ridge import close_form

INTERVALS = 20  # validations per fit


def published_steps(n_frames: int, data_augmentation_loop: int, batch_size: int) -> int:
    """int(n_frames * loop // batch_size * 0.2), the iteration count of the publications for one epoch.

    "Augmentation" there is a repeat count and nothing else.
    """
    return int(n_frames * data_augmentation_loop // batch_size * 0.2)


@dataclass(frozen=True)
class GradientPhase:
    """Adam with a learning rate each for W, the two functions and the embedding.

    W_solve_interval: every so many steps W is replaced by its ridge solution on ridge_frames frames; 0: never.
    """

    n_steps: int
    batch_size: int
    learning_rate_W: float
    learning_rate: float
    learning_rate_embedding: float
    objective: Objective
    regularisers: Sequence[Regulariser]
    W_solve_interval: int
    ridge: float
    ridge_frames: int
    batch_order: torch.Generator
    noise: torch.Generator
    name: str = field(default="gradient", init=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size} is no batch. Choose at least 1.")

    @property
    def n_intervals(self) -> int:
        return min(INTERVALS, self.n_steps)

    def optimizer(self, net: SignalGNN) -> Optimizer:
        functions = [*net.lin_edge.parameters(), *net.lin_phi.parameters()]
        return Adam(
            [
                {"params": [net.W], "lr": self.learning_rate_W},
                {"params": functions, "lr": self.learning_rate},
                {"params": [net.embedding.a], "lr": self.learning_rate_embedding},
            ],
            fused=True,  # one kernel for all parts: small networks spend half a step in the optimiser otherwise
        )

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        first, last = (self.n_steps * k // self.n_intervals for k in (interval, interval + 1))
        n_starts = frames.n_frames - self.objective.horizon
        if n_starts < 1:
            raise ValueError(
                f"A rollout of {self.objective.horizon} frames does not fit in {frames.n_frames} frames. "
                "Choose a smaller training.time_step."
            )
        order = torch.randint(n_starts, (last - first, self.batch_size), generator=self.batch_order)
        order = order.to(frames.activity.device)
        total = penalty_total = 0.0
        for k, start in enumerate(order):
            loss, penalty = self._loss(net, frames, start)

            def closure(loss: Tensor = loss + penalty) -> Tensor:
                optimizer.zero_grad()
                loss.backward()
                return loss.detach()

            step(closure)
            if self.W_solve_interval and (first + k + 1) % self.W_solve_interval == 0:
                close_form(net, frames.spread(self.ridge_frames), self.ridge)
            if k % 10 == 0:  # reading a number waits for the device
                total, penalty_total = total + loss.item(), penalty_total + penalty.item()
        n_read = (last - first + 9) // 10
        return {"train_loss": total / n_read, "train_penalty": penalty_total / n_read}

    def _loss(self, net: SignalGNN, frames: Frames, start: Tensor) -> tuple[Tensor, Tensor]:
        loss = self.objective(net, frames, start, self.noise)
        u = frames.activity[start]
        penalty = (
            torch.stack([term(net, u) for term in self.regularisers]).sum() if self.regularisers else loss.new_zeros(())
        )
        return loss, penalty
