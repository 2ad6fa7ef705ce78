"""Adam on a flyvis network in stages: every stage has its learning rates, its epoch and its name.

A standard fit has one stage per epoch. An alternating fit goes to and fro between W-phases (W and lin_edge learn, the
rest crawls) and V_rest-phases (lin_phi and the embedding learn, W and lin_edge crawl). Adam's moments pass through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.neuron_solution import NeuronSolution, relaxation_of
from hydra_llm.families.flyvis.fitting.regularisers import Progress
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.training.phases.adam import INTERVALS, AdamPhase
from hydra_llm.training.phases.base import Step
from hydra_llm.training.snapshots import Snapshot, Snapshots

JOINT, W_PHASE, V_REST_PHASE = "joint", "W", "V_rest"


@dataclass(frozen=True)
class LearningRates:
    """Learning rates of W, lin_edge, the update (lin_phi, or tau and v_rest), the embedding and a learned stimulus."""

    W: float
    edge: float
    update: float
    embedding: float
    stimulus: float = 0.0


@dataclass(frozen=True)
class Stage:
    """Steps with the same learning rates. phase: joint, W or V_rest."""

    phase: str
    epoch: int
    n_steps: int
    rates: LearningRates


def standard(n_epochs: int, steps_per_epoch: int, rates: LearningRates) -> list[Stage]:
    """Everything learns all the time."""
    return [Stage(JOINT, epoch, steps_per_epoch, rates) for epoch in range(n_epochs)]


def alternating(
    n_epochs: int,
    steps_per_epoch: int,
    active: LearningRates,
    resting: LearningRates,
    n_alternations: int,
    vrest_ratio: float,
) -> list[Stage]:
    """n_alternations cycles per epoch, each a W-phase, then a V_rest-phase that takes the share vrest_ratio of it."""
    if n_alternations < 1:
        raise ValueError(f"n_alternations={n_alternations} is no cycle. Choose at least 1.")
    if not 0 <= vrest_ratio <= 1:
        raise ValueError(f"alternate_vrest_ratio={vrest_ratio} is no share of a cycle. Choose a value from 0 to 1.")
    rates = {
        W_PHASE: LearningRates(active.W, active.edge, resting.update, resting.embedding, active.stimulus),
        V_REST_PHASE: LearningRates(resting.W, resting.edge, active.update, active.embedding, active.stimulus),
    }
    stages = []
    for epoch in range(n_epochs):
        for k in range(n_alternations):
            first, last = (steps_per_epoch * c // n_alternations for c in (k, k + 1))
            n_vrest = round((last - first) * vrest_ratio)
            for phase, n_steps in ((W_PHASE, last - first - n_vrest), (V_REST_PHASE, n_vrest)):
                if n_steps:
                    stages.append(Stage(phase, epoch, n_steps, rates[phase]))
    return stages


@dataclass(frozen=True, kw_only=True)
class StagedPhase(AdamPhase):
    """n_steps is the sum over stages.

    solve_interval: every so many steps W, tau and v_rest are replaced by their closed form on solve_frames frames; 0:
    never. progress: what annealed penalties read. snapshots: taken at the end of every interval.
    """

    stages: Sequence[Stage]
    progress: Progress
    snapshots: Snapshots
    solve_interval: int = 0
    solve_frames: int | None = None
    solution: NeuronSolution | None = None

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

    def groups(self, net: FlyvisGNN) -> list[dict[str, Any]]:
        if self.solve_interval:
            relaxation_of(net)
        return [{"params": values, "lr": 0.0, "part": name} for name, values in net.parts().items() if values]

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "snapshots": [tuple(snapshot) for snapshot in self.snapshots.taken]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.snapshots.taken[:] = [Snapshot(*values) for values in state["snapshots"]]

    def run(self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        stage, first, last = self._intervals()[interval]
        for group in optimizer.param_groups:
            group["lr"] = getattr(stage.rates, group["part"])
        self.progress.epoch, self.progress.n_steps = stage.epoch, self.n_steps
        logged = self.descend(first, last, net, frames, optimizer, step)
        self.snapshots.take(stage.epoch, last, stage.phase, net)
        return logged

    def after_step(self, done: int, net: FlyvisGNN, frames: Frames) -> None:
        self.progress.step = done
        if self.solve_interval and done % self.solve_interval == 0:
            assert self.solution is not None  # comes with the interval
            self.solution.apply(net, frames.spread(self.solve_frames))
