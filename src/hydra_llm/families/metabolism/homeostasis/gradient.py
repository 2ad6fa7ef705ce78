"""Phase 2 as published: Adam on the node function and the embeddings, under frozen reactions.

What is minimised and on which schedule are parts (modules.homeostasis); this phase draws batches and steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import HomeostasisTraining
from hydra_llm.families.metabolism.homeostasis.amplification import Amplification, Gain
from hydra_llm.families.metabolism.homeostasis.losses import Term
from hydra_llm.families.metabolism.homeostasis.lr_schedules import RateSchedule
from hydra_llm.families.metabolism.homeostasis.rollout_schedules import Lengths
from hydra_llm.families.metabolism.homeostasis.submodels import Amplified, DetachedReaction, Regulated, WithInput
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.custom_strategy import FileStrategy
from hydra_llm.training.phases.adam import INTERVALS, set_rates
from hydra_llm.training.phases.base import Step
from hydra_llm.training.strategy import Batch, FitStep

BATCH_FACTOR = 4  # published: int(T * loop // batch * 0.2) // time_step * 4 batches
MONITORED_FRAMES = 500


def published_batches(n_frames: int, data_augmentation_loop: int, batch_size: int, time_step: int) -> int:
    """Batches of phase 2 in the published counting: as many integration steps whatever the length of a rollout."""
    return int(n_frames * data_augmentation_loop // batch_size * 0.2) // time_step * BATCH_FACTOR


@dataclass(frozen=True)
class HomeostasisPhase:
    """n_batches batches of batch_size stretches; `accumulation` of them make one optimiser step, their losses divided
    by that number. clip: largest norm of a step's gradient, None for no limit. monitor_reaction: also log the error
    that the reactions alone leave, as a share of the target's variance. strategy: what is minimised instead of the sum
    of the terms, which it may ask for.
    """

    training: HomeostasisTraining
    n_batches: int
    delta_t: float
    terms: Sequence[Term]
    lengths: Lengths
    amplification: Amplification
    schedule: RateSchedule
    accumulation: int
    clip: float | None
    detach_reaction: bool
    monitor_reaction: bool
    batch_order: torch.Generator
    noise: torch.Generator
    strategy: FileStrategy | None = None
    name: str = field(default="homeostasis", init=False)

    def __post_init__(self) -> None:
        if self.training.batch_size < 1 or self.accumulation < 1:
            raise ValueError(
                f"batch_size and accumulation must be at least 1, got {self.training.batch_size} and "
                f"{self.accumulation}."
            )
        if not self.terms:
            raise ValueError("The objective of phase 2 has no term. Keep the rollout or choose residual_supervision.")

    @property
    def n_steps(self) -> int:
        return max(1, self.n_batches // self.accumulation)

    @property
    def n_intervals(self) -> int:
        return min(INTERVALS, self.n_steps) if self.n_batches else 0

    def steps_after(self, interval: int) -> int:
        return self.n_steps * (interval + 1) // self.n_intervals

    def optimizer(self, net: ReactionGNN) -> Optimizer:
        return Adam(
            [
                {"params": list(net.node_func.parameters()), "lr": self.training.learning_rate_node_homeostasis},
                {"params": [net.embedding.a], "lr": self.training.learning_rate_embedding_homeostasis},
            ],
            fused=True,
        )

    def run(
        self, interval: int, net: ReactionGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        first, last = self.steps_after(interval - 1), self.steps_after(interval)
        sums: dict[str, Tensor] = {}
        with Gain(net) as gain:
            for number in range(first, last):
                progress = number / self.n_steps
                gain.set(self.amplification.factor(progress))
                factor = self.schedule.factor(number, self.n_steps)
                set_rates(optimizer, factor)
                optimizer.zero_grad()
                for name, value in self._accumulate(self._view(net, gain.factor), frames, number).items():
                    sums[name] = sums.get(name, value.new_zeros(())) + value
                self._step(optimizer, step)
        means = {name: float(total) / (last - first) for name, total in sums.items()}
        losses = {name: value for name, value in means.items() if name.endswith("_loss")}
        return means | {"phase2_loss": sum(losses.values())} | self._monitor(net, frames)

    def _view(self, net: ReactionGNN, factor: float) -> Regulated:
        view: Regulated = DetachedReaction(WithInput(net)) if self.detach_reaction else WithInput(net)
        return view if factor == 1 else Amplified(view, factor)

    def _accumulate(self, view: Regulated, frames: Frames, number: int) -> dict[str, Tensor]:
        """Back-propagate one step's batches. Returns the mean of every term over them."""
        found: dict[str, Tensor] = {}
        for _ in range(self.accumulation):
            for length in self.lengths.at(number / self.n_steps, self.batch_order):
                total, read = self._loss(view, frames, length, number)
                (total / self.accumulation).backward()
                for name, value in read.items():
                    found[name] = found.get(name, value.new_zeros(())) + value / self.accumulation
        return found

    def _loss(self, view: Regulated, frames: Frames, length: int, number: int) -> tuple[Tensor, dict[str, Tensor]]:
        """What is minimised on one batch of stretches, and what is logged of it."""

        def losses() -> dict[str, Tensor]:
            part = batch.first(length)
            return {term.name: term.loss(view, part, step) for term in self.terms}

        def configured() -> Tensor:
            return torch.stack(list(losses().values())).sum()

        strategy = self.strategy
        horizon = length if strategy is None else strategy.horizon(length)
        batch = Batch.of(frames, self._starts(frames, horizon), horizon, self.delta_t)
        step = FitStep(number, self.n_steps, self.noise, configured)
        if strategy is None:
            terms = losses()
            total = torch.stack(list(terms.values())).sum()
            return total, {f"{name}_loss": loss.detach() for name, loss in terms.items()}
        total, diagnostics = strategy.loss(view, batch, step)
        numbers = strategy.numbers(total, diagnostics, step)
        read = {name: total.new_tensor(value) for name, value in numbers.items()}
        return total, {**read, "strategy_loss": total.detach()}

    def _starts(self, frames: Frames, length: int) -> Tensor:
        n_starts = frames.n_frames - length
        if n_starts < 1:
            raise ValueError(
                f"A rollout of {length} frames does not fit in {frames.n_frames} frames. "
                "Choose a smaller training.homeostasis_time_step."
            )
        starts = torch.randint(n_starts, (self.training.batch_size,), generator=self.batch_order)
        return starts.to(frames.activity.device)

    def _step(self, optimizer: Optimizer, step: Step) -> None:
        if self.clip is not None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        step(lambda: torch.zeros(()))  # the gradients are there already

    def _monitor(self, net: ReactionGNN, frames: Frames) -> dict[str, float]:
        some = frames.spread(MONITORED_FRAMES)
        with torch.no_grad():
            node = net.node(some.activity, some.external)
            logged = {"phase2_node_magnitude": float(node.abs().mean())}
            if self.monitor_reaction:
                error = WithInput(net).reaction(some.activity, some.external) - some.target
                logged["reaction_error"] = float(error.pow(2).mean() / some.target.var(dim=0).mean())
        return logged
