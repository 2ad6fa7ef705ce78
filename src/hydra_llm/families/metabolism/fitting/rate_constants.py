"""One exact step: the rate constants, and a line per metabolite, for the functions as they are."""

from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.joint_regression import Condensed, JointFit
from hydra_llm.families.metabolism.fitting.log_evidence import LogEvidence, log_evidence
from hydra_llm.families.metabolism.model.gnn import LN10, ReactionGNN
from hydra_llm.families.metabolism.model.substrate import SMALLEST
from hydra_llm.identifiability.samples import Samples
from hydra_llm.training.phases.base import FitData, Step


@dataclass(frozen=True)
class RateConstantsPhase:
    """The most probable constants, in float64 (fitting.log_evidence).

    What the data determine is found; a constant that they leave open moves to the mean of the others, and all are
    positive. lines: a line per metabolite is solved for too.
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
    """Set log_k (and linear) to the most probable values. Returns the rank and condition number of the problem."""
    with torch.no_grad():
        condensed, found, probable = solved(net, frames, lines=lines)
        log_k = probable.log_k
        if torch.isfinite(log_k).all():
            net.log_k.copy_(log_k)
            if lines:
                net.linear.copy_(condensed.lines_given(10**log_k))
    return {"rank": float(found.rank), "condition_number": found.condition_number}


@torch.no_grad()
def unit_rates(net: ReactionGNN, activity: Tensor) -> Tensor:
    """log10 of the rate of each reaction per unit of its constant at unit concentrations [reaction], by the law that a
    network has learned, continued as mass action from the geometric mean of the recording [frame, metabolite].
    """
    typical = activity.clamp_min(SMALLEST).log().mean()
    c = typical.exp().expand(net.n_metabolites).to(net.log_k)
    powers = net.orders.sum(dim=0).double().cpu() * float(typical)
    return (net.laws(c, None).double().cpu().log() - powers) / LN10


@torch.no_grad()
def solved(net: ReactionGNN, frames: Frames, *, lines: bool) -> tuple[Condensed, JointFit, LogEvidence]:
    """The equations of the rate constants under the functions of a network, their least-squares solution, and the most
    probable constants."""
    node = net.node(frames.activity, frames.external)
    samples = Samples(frames.activity.cpu(), (frames.target - node).cpu(), _cpu(frames.external))
    dtype, device = net.log_k.dtype, net.log_k.device

    def laws(c: Tensor, external: Tensor | None) -> Tensor:
        inputs = None if external is None else external.to(dtype).to(device)
        return net.laws(c.to(dtype).to(device), inputs).double().cpu()

    condensed = Condensed.of(samples, laws, net.stoichiometry().detach().cpu(), input_mode=net.input_mode)
    joint = condensed.solve("metabolite" if lines else "none")
    return condensed, joint, log_evidence(joint, unit_rates(net, frames.activity))


def _cpu(values: Tensor | None) -> Tensor | None:
    return None if values is None else values.cpu()
