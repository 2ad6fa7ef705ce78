"""Copies of a network's parameters along a fit. What they recovered is scored afterwards, where the truth is known."""

from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor, nn


class Snapshot(NamedTuple):
    """Parameters at the end of a stretch of training. phase: what was learning then, such as W or V_rest."""

    epoch: int
    iteration: int
    phase: str
    state: dict[str, Tensor]


@dataclass
class Snapshots:
    """The snapshots of one fit, on the CPU."""

    taken: list[Snapshot] = field(default_factory=list)

    def take(self, epoch: int, iteration: int, phase: str, net: nn.Module) -> None:
        state = {name: value.detach().cpu().clone() for name, value in net.state_dict().items()}
        self.taken.append(Snapshot(epoch, iteration, phase, state))
