"""Adam on a flyvis network in stages: every stage has its epoch, its phase and with it its learning rates.

A standard fit has one stage per epoch. An alternating fit goes to and fro between W-phases (W and lin_edge learn, the
rest crawls) and V_rest-phases (lin_phi and the embedding learn, W and lin_edge crawl). Adam's moments pass through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm, relaxation_of
from hydra_llm.families.flyvis.fitting.regularisers import GraphPenalties, TrainingProgress
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.training.phases.adam import INTERVALS, AdamPhase, adam_arguments, published_steps
from hydra_llm.training.phases.base import FitData, Step
from hydra_llm.training.snapshots import Snapshot, Snapshots

JOINT, W_PHASE, V_REST_PHASE = "joint", "W", "V_rest"
_RESTING = {JOINT: (), W_PHASE: ("update", "embedding"), V_REST_PHASE: ("W", "edge")}  # parts that crawl


@dataclass(frozen=True)
class Stage:
    """Steps with the same learning rates. phase: joint, W or V_rest."""

    phase: str
    epoch: int
    n_steps: int


def stages_of(training: FlyvisTraining, n_frames: int) -> list[Stage]:
    """The stages of a fit to n_frames: everything learns all the time, or the phases take turns. Empty without a step.

    An alternating epoch has n_alternations cycles, each a W-phase, then a V_rest-phase that takes the share
    alternate_vrest_ratio of it.
    """
    if training.max_steps is None:
        per_epoch = published_steps(n_frames, training.data_augmentation_loop, training.batch_size)
    else:
        per_epoch = training.max_steps // training.n_epochs
    if not training.alternate_training:
        return [Stage(JOINT, epoch, per_epoch) for epoch in range(training.n_epochs if per_epoch else 0)]
    n_cycles, ratio = training.n_alternations, training.alternate_vrest_ratio
    if n_cycles < 1:
        raise ValueError(f"n_alternations must be at least 1, got {n_cycles}.")
    if not 0 <= ratio <= 1:
        raise ValueError(f"alternate_vrest_ratio must be between 0 and 1, got {ratio}.")
    stages = []
    for epoch in range(training.n_epochs):
        for k in range(n_cycles):
            first, last = (per_epoch * c // n_cycles for c in (k, k + 1))
            n_vrest = round((last - first) * ratio)
            stages += [Stage(W_PHASE, epoch, last - first - n_vrest), Stage(V_REST_PHASE, epoch, n_vrest)]
    return [stage for stage in stages if stage.n_steps]


def learning_rates(training: FlyvisTraining, phase: str) -> dict[str, float]:
    """The learning rate of every part of a network (FlyvisGNN.parts, and a learned stimulus) in a phase."""
    rates = {
        "W": training.learning_rate_W_start,
        "edge": training.learning_rate_start,
        "update": training.learning_rate_start,
        "embedding": training.learning_rate_embedding_start,
        "stimulus": training.learning_rate_stimulus,
    }
    resting = {
        "W": training.alternate_lr_W,
        "edge": training.alternate_lr_edge,
        "update": training.alternate_lr_update,
        "embedding": training.alternate_lr_embedding,
    }
    for part in _RESTING[phase]:
        rates[part] = resting[part] * (rates[part] if training.alternate_lr_unit == "ratio" else 1)
    return rates


@dataclass(frozen=True, kw_only=True)
class StagedPhase(AdamPhase):
    """n_steps is the sum over stages.

    solution: every closed_form_interval steps W, tau and v_rest are replaced by their closed form; 0: never.
    penalties: the regularisers. progress: what annealed penalties read. snapshots: taken at the end of every interval.
    """

    training: FlyvisTraining
    stages: Sequence[Stage]
    penalties: GraphPenalties
    progress: TrainingProgress
    snapshots: Snapshots
    solution: ClosedForm

    @classmethod
    def of(cls, training: FlyvisTraining, data: FitData, snapshots: Snapshots) -> Self:
        frames = data.frames("train")
        stages = stages_of(training, frames.n_frames)
        progress = TrainingProgress(training.regul_annealing_rate)
        penalties = GraphPenalties.of(training, frames, progress)
        arguments = adam_arguments(training, data)
        arguments["n_steps"] = sum(stage.n_steps for stage in stages)
        return cls(
            training=training,
            regularisers=(penalties,),
            stages=stages,
            penalties=penalties,
            progress=progress,
            snapshots=snapshots,
            solution=ClosedForm.of(training, data),
            **arguments,
        )

    def _intervals(self) -> list[tuple[Stage, int, int]]:
        """(stage, first step, last step) of every interval: about 20 in all, and at least one per stage."""
        intervals, place = [], 0
        for stage in self.stages:
            n = min(stage.n_steps, max(1, round(INTERVALS * stage.n_steps / self.n_steps)))
            bounds = [place + stage.n_steps * k // n for k in range(n + 1)]
            intervals += [(stage, first, last) for first, last in pairwise(bounds)]
            place += stage.n_steps
        return intervals

    @property
    def n_intervals(self) -> int:
        return len(self._intervals())

    def steps_after(self, interval: int) -> int:
        return self._intervals()[interval][2] if interval >= 0 else 0

    def groups(self, net: FlyvisGNN) -> list[dict[str, Any]]:
        self.penalties.check(net)
        if self.training.closed_form_interval:
            relaxation_of(net)
        rates = learning_rates(self.training, self.stages[0].phase)
        return [{"params": values, "lr": rates[name], "part": name} for name, values in net.parts().items() if values]

    def state_dict(self) -> dict[str, Any]:
        return {
            **super().state_dict(),
            "snapshots": [tuple(snapshot) for snapshot in self.snapshots.taken],
            "solution": self.solution.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.snapshots.taken[:] = [Snapshot(*values) for values in state["snapshots"]]
        self.solution.load_state_dict(state["solution"])

    def run(self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        stage, first, last = self._intervals()[interval]
        rates = learning_rates(self.training, stage.phase)
        for group in optimizer.param_groups:
            group["lr"] = rates[group["part"]]
        self.progress.epoch, self.progress.n_steps = stage.epoch, self.n_steps
        logged = self.descend(first, last, net, frames, optimizer, step)
        self.snapshots.take(stage.epoch, last, stage.phase, net)
        return logged

    def after_step(self, done: int, net: FlyvisGNN, frames: Frames) -> None:
        self.progress.step = done
        every = self.training.closed_form_interval
        if every and done % every == 0:
            self.solution.apply(net, frames)
