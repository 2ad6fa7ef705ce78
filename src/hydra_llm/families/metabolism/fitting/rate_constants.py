"""One exact step: the rate constants, and a line per metabolite, for the functions as they are."""

from dataclasses import dataclass, field
from typing import Self

import torch
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.joint_regression import Condensed
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.identifiability.samples import Samples
from hydra_llm.training.phases.base import FitData, Step


@dataclass(frozen=True)
class RateConstantsPhase:
    """Least squares in log k from the present constants, by steps of least length, in float64.

    What the data determine is found; a constant that they leave open stays as near to its value as they allow, and all
    stay positive. lines: a line per metabolite is solved for too.
    """

    lines: bool
    name: str = field(default="rate_constants", init=False)
    n_intervals: int = field(default=1, init=False)

    @classmethod
    def of(cls, training: MetabolismTraining, data: FitData) -> Self:
        return cls(lines=training.linear_homeostasis)

    def optimizer(self, net: ReactionGNN) -> Optimizer:
        return SGD([net.log_k], lr=0.0)  # no gradient is followed; Lightning counts its one step

    def run(
        self, interval: int, net: ReactionGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        logged = solve_rate_constants(net, frames, lines=self.lines)
        step(lambda: torch.zeros(()))
        return logged


def solve_rate_constants(net: ReactionGNN, frames: Frames, *, lines: bool) -> dict[str, float]:
    """Set log_k (and linear) to the least-squares solution. Returns the rank and condition number of the problem."""
    with torch.no_grad():
        node = net.node(frames.activity, frames.external)
        samples = Samples(frames.activity.cpu(), (frames.target - node).cpu(), _cpu(frames.external))
        dtype, device = net.log_k.dtype, net.log_k.device

        def laws(c: torch.Tensor, external: torch.Tensor | None) -> torch.Tensor:
            inputs = None if external is None else external.to(dtype).to(device)
            return net.laws(c.to(dtype).to(device), inputs).double().cpu()

        condensed = Condensed.of(samples, laws, net.stoichiometry().detach().cpu(), input_mode=net.input_mode)
        found = condensed.solve("metabolite" if lines else "none")
        log_k = found.luck(net.log_k.detach().cpu()[None])[0]
        if torch.isfinite(log_k).all():
            net.log_k.copy_(log_k)
            if lines:
                net.linear.copy_(condensed.lines_given(10**log_k))
    return {"rank": float(found.rank), "condition_number": found.condition_number}


def _cpu(values: torch.Tensor | None) -> torch.Tensor | None:
    return None if values is None else values.cpu()
