"""Adam on minibatches of one trajectory, one batched pass per step. What moves, and how fast, is up to the family."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.schema.training import CustomStrategy
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.custom_strategy import FileStrategy, refuse_without_steps, strategy_of
from hydra_llm.training.objectives import FitObjective, ObjectiveSettings, objective_of
from hydra_llm.training.penalties import Penalty
from hydra_llm.training.phases.base import FitData, Step
from hydra_llm.training.strategy import Batch, FitStep

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
    strategy: CustomStrategy


class AdamArguments(TypedDict):
    n_steps: int
    batch_size: int
    delta_t: float
    objective: FitObjective
    strategy: FileStrategy | None
    batch_order: torch.Generator
    noise: torch.Generator


def adam_arguments(training: AdamSettings, data: FitData, *, per_sample: bool = False) -> AdamArguments:
    """What the keys say of an AdamPhase, up to its penalties and learning rates. per_sample: see the objectives."""
    steps = training.max_steps
    if steps is None:
        steps = published_steps(data.frames("train").n_frames, training.data_augmentation_loop, training.batch_size)
    refuse_without_steps(training.strategy, steps, "Choose a training with Adam steps, or raise training.max_steps.")
    return {
        "n_steps": steps,
        "batch_size": training.batch_size,
        "delta_t": data.delta_t,
        "objective": objective_of(training, per_sample=per_sample),
        "strategy": strategy_of(training.strategy),
        "batch_order": stream(training.seed, "batch_order"),
        "noise": stream(training.seed, "training_noise"),
    }


@dataclass(frozen=True, kw_only=True)
class AdamPhase(ABC):
    """schedule: None keeps the learning rates as they are. Subclasses say which parameters move (groups).

    strategy: what is minimised instead of objective and regularisers, which it may ask for; None: these two.
    """

    n_steps: int
    batch_size: int
    delta_t: float
    objective: FitObjective
    regularisers: Sequence[Penalty]
    batch_order: torch.Generator
    noise: torch.Generator
    strategy: FileStrategy | None = None
    schedule: Schedule | None = None
    name: str = field(default="gradient", init=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}.")

    @property
    def n_intervals(self) -> int:
        return min(INTERVALS, self.n_steps)

    def steps_after(self, interval: int) -> int:
        return self.n_steps * (interval + 1) // self.n_intervals

    @abstractmethod
    def groups(self, net: Any) -> list[dict[str, Any]]:
        """Parameter groups of the optimiser, each with its learning rate."""
        ...

    def after_step(self, done: int, net: Any, frames: Frames) -> None:  # noqa: B027  # most have nothing to do
        """What happens after `done` steps besides the optimiser's work; nothing here."""

    def optimizer(self, net: Any) -> Optimizer:
        # fused: one kernel for all parts, small networks spend half a step in the optimiser otherwise
        return Adam(self.groups(net), fused=True)

    @property
    def horizon(self) -> int:
        """Frames behind the first one that a sample needs."""
        return self.objective.horizon if self.strategy is None else self.strategy.horizon(self.objective.horizon)

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        first, last = self.steps_after(interval - 1), self.steps_after(interval)
        return self.descend(first, last, net, frames, optimizer, step)

    def descend(
        self, first: int, last: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        """Steps first ... last - 1 of the phase. Returns the mean loss and penalty."""
        starts = frames.rollout_starts(self.horizon)
        if not len(starts):
            raise ValueError(
                f"A rollout of {self.horizon} frames does not fit in {frames.n_frames} frames, nor in a "
                "sequence of them. Choose a smaller training.time_step."
            )
        order = torch.randint(len(starts), (last - first, self.batch_size), generator=self.batch_order)
        order = starts[order.to(starts.device)]
        sums: dict[str, float] = {}
        for k, start in enumerate(order):
            if self.schedule is not None:
                set_rates(optimizer, self.schedule((first + k) / self.n_steps))
            loss, read = self._loss(net, Batch.of(frames, start, self.horizon, self.delta_t), first + k)

            def closure(loss: Tensor = loss) -> Tensor:
                optimizer.zero_grad()
                loss.backward()
                return loss.detach()

            step(closure)
            self.after_step(first + k + 1, net, frames)
            if k % 10 == 0:  # reading a number waits for the device
                for name, value in read().items():
                    sums[name] = sums.get(name, 0.0) + value
        n_read = (last - first + 9) // 10
        return {name: total / n_read for name, total in sums.items()}

    def state_dict(self) -> dict[str, Tensor]:
        return {"batch_order": self.batch_order.get_state(), "noise": self.noise.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.batch_order.set_state(state["batch_order"])
        self.noise.set_state(state["noise"])

    def _loss(self, net: Any, batch: Batch, number: int) -> tuple[Tensor, Callable[[], dict[str, float]]]:
        """What is minimised at a step, and a function that reads what is logged of it."""

        def parts() -> tuple[Tensor, Tensor]:
            loss = self.objective.loss(net, batch.first(self.objective.horizon), step)
            terms = [term(net, batch.state()) for term in self.regularisers]
            return loss, torch.stack(terms).sum() if terms else loss.new_zeros(())

        step = FitStep(number, self.n_steps, self.noise, configured=lambda: torch.stack(parts()).sum())
        if self.strategy is None:
            loss, penalty = parts()
            return loss + penalty, lambda: {"train_loss": loss.item(), "train_penalty": penalty.item()}
        strategy = self.strategy
        total, found = strategy.loss(net, batch, step)
        return total, lambda: {**strategy.numbers(total, found, step), "train_loss": total.item()}


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Every learning rate becomes this factor times what it was at the start."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
