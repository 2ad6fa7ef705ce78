"""Adam on minibatches of one trajectory, one batched pass per step. What moves, and how fast, is up to the family."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.objectives import FitObjective, ObjectiveSettings, objective_of
from hydra_llm.training.penalties import Penalty
from hydra_llm.training.phases.base import FitData, Step

INTERVALS = 20  # validations per fit

Schedule = Callable[[float], float]  # share of the phase that is done -> factor of every learning rate


def published_steps(n_frames: int, data_augmentation_loop: int, batch_size: int) -> int:
    """int(n_frames * loop // batch_size * 0.2), the iteration count of the publications for one epoch.

    "Augmentation" there is a repeat count and nothing else.
    """
    return int(n_frames * data_augmentation_loop // batch_size * 0.2)


class AdamSettings(ObjectiveSettings, Protocol):
    """The keys of conf/training that every Adam phase has. max_steps None: published_steps."""

    seed: int
    max_steps: int | None
    data_augmentation_loop: int
    batch_size: int


class AdamArguments(TypedDict):
    n_steps: int
    batch_size: int
    objective: FitObjective
    batch_order: torch.Generator
    noise: torch.Generator


def adam_arguments(training: AdamSettings, data: FitData, *, per_sample: bool = False) -> AdamArguments:
    """What the keys say of an AdamPhase, up to its penalties and learning rates. per_sample: see the objectives."""
    steps = training.max_steps
    if steps is None:
        steps = published_steps(data.frames("train").n_frames, training.data_augmentation_loop, training.batch_size)
    return {
        "n_steps": steps,
        "batch_size": training.batch_size,
        "objective": objective_of(training, data.delta_t, per_sample=per_sample),
        "batch_order": stream(training.seed, "batch_order"),
        "noise": stream(training.seed, "training_noise"),
    }


@dataclass(frozen=True, kw_only=True)
class AdamPhase(ABC):
    """schedule: None keeps the learning rates as they are. Subclasses say which parameters move (groups)."""

    n_steps: int
    batch_size: int
    objective: FitObjective
    regularisers: Sequence[Penalty]
    batch_order: torch.Generator
    noise: torch.Generator
    schedule: Schedule | None = None
    name: str = field(default="gradient", init=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}.")

    @property
    def n_intervals(self) -> int:
        return min(INTERVALS, self.n_steps)

    @abstractmethod
    def groups(self, net: Any) -> list[dict[str, Any]]:
        """Parameter groups of the optimiser, each with its learning rate."""
        ...

    def after_step(self, done: int, net: Any, frames: Frames) -> None:  # noqa: B027  # most have nothing to do
        """What happens after `done` steps besides the optimiser's work; nothing here."""

    def optimizer(self, net: Any) -> Optimizer:
        # fused: one kernel for all parts, small networks spend half a step in the optimiser otherwise
        return Adam(self.groups(net), fused=True)

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        first, last = (self.n_steps * k // self.n_intervals for k in (interval, interval + 1))
        return self.descend(first, last, net, frames, optimizer, step)

    def descend(
        self, first: int, last: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        """Steps first ... last - 1 of the phase. Returns the mean loss and penalty."""
        starts = frames.rollout_starts(self.objective.horizon)
        if not len(starts):
            raise ValueError(
                f"A rollout of {self.objective.horizon} frames does not fit in {frames.n_frames} frames, nor in a "
                "sequence of them. Choose a smaller training.time_step."
            )
        order = torch.randint(len(starts), (last - first, self.batch_size), generator=self.batch_order)
        order = starts[order.to(starts.device)]
        total = penalty_total = 0.0
        for k, start in enumerate(order):
            if self.schedule is not None:
                set_rates(optimizer, self.schedule((first + k) / self.n_steps))
            loss, penalty = self._loss(net, frames, start)

            def closure(loss: Tensor = loss + penalty) -> Tensor:
                optimizer.zero_grad()
                loss.backward()
                return loss.detach()

            step(closure)
            self.after_step(first + k + 1, net, frames)
            if k % 10 == 0:  # reading a number waits for the device
                total, penalty_total = total + loss.item(), penalty_total + penalty.item()
        n_read = (last - first + 9) // 10
        return {"train_loss": total / n_read, "train_penalty": penalty_total / n_read}

    def state_dict(self) -> dict[str, Tensor]:
        return {"batch_order": self.batch_order.get_state(), "noise": self.noise.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.batch_order.set_state(state["batch_order"])
        self.noise.set_state(state["noise"])

    def _loss(self, net: Any, frames: Frames, start: Tensor) -> tuple[Tensor, Tensor]:
        loss = self.objective(net, frames, start, self.noise)
        u = frames.activity[start]
        penalty = (
            torch.stack([term(net, u) for term in self.regularisers]).sum() if self.regularisers else loss.new_zeros(())
        )
        return loss, penalty


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Every learning rate becomes this factor times what it was at the start."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
