"""Schedules of the learning rates: factors on the rates that the configuration names. The aim is a first push away from
the flat start, then small steps.
"""

import math
from dataclasses import dataclass
from typing import Protocol


class RateSchedule(Protocol):
    def factor(self, step: int, n_steps: int) -> float:
        """Factor on every learning rate at optimiser step `step` of n_steps."""
        ...


@dataclass(frozen=True)
class Constant:
    def factor(self, step: int, n_steps: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Kick:
    """From `start` down to `end`, geometrically, within the first `share` of the training.

    As published at a learning rate of 0.01: 0.1 to 0.001 in the first tenth, which is start 10 and end 0.1.
    """

    start: float
    end: float
    share: float

    def factor(self, step: int, n_steps: int) -> float:
        done = min(1.0, step / max(1.0, self.share * n_steps))
        return self.start * (self.end / self.start) ** done


@dataclass(frozen=True)
class CosineRestarts:
    """Half a cosine from 1 to `floor`, `cycles` times over. Loshchilov & Hutter (2017)."""

    cycles: int
    floor: float

    def factor(self, step: int, n_steps: int) -> float:
        place = (step * self.cycles / n_steps) % 1.0
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * place))


@dataclass(frozen=True)
class Ramp:
    """Linear from 0 to 1 over `steps` steps, then linear down to `floor` at the end. Goyal et al. (2017).

    A training shorter than twice the ramp rises for its first half.
    """

    steps: int
    floor: float

    def factor(self, step: int, n_steps: int) -> float:
        rise = min(self.steps, n_steps // 2)
        if step < rise:
            return (step + 1) / rise
        return 1 - (1 - self.floor) * (step - rise) / max(1, n_steps - rise)
