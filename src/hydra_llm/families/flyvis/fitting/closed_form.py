"""One exact step: all parameters of the neurons, given the message function (modules.neuron_solution)."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.fitting.neuron_solution import NeuronSolution, relaxation_of
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.training.phases.base import Step


@dataclass(frozen=True)
class ClosedFormPhase:
    """Solves once. n_frames: frames that are used, evenly spaced; None: all."""

    solution: NeuronSolution
    n_frames: int | None
    name: str = field(default="closed_form", init=False)
    n_intervals: int = field(default=1, init=False)

    def optimizer(self, net: FlyvisGNN) -> Optimizer:
        relaxation_of(net)
        return SGD([net.W], lr=0.0)  # no gradient is followed; Lightning counts its one step

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the solution depends on the network alone."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass

    def run(self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        logged = self.solution.apply(net, frames.spread(self.n_frames))
        step(lambda: torch.zeros(()))
        return logged
