"""What a training strategy is: what one step of a gradient fit minimises.

The objectives and the terms of this project and a file of a user's own (training/strategy=custom) are written against
the same method, `loss(model, batch, step)`. It sees a batch of the recording, the network and the step; it returns a
loss. Truth, metrics, the simulation and checkpoints are not among what it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames


class Batch(NamedTuple):
    """Copies of stretches of the recording; what a strategy does to them changes nothing else.

    activity [sample, frame, unit]: recorded states, frames 0 ... horizon. target [sample, unit]: the derivative at
    frame 0, as estimated from the recording. external [sample, frame, column]: the known input, or None. delta_t: time
    between two frames.
    """

    activity: Tensor
    target: Tensor
    external: Tensor | None
    delta_t: float

    @classmethod
    def of(cls, frames: Frames, start: Tensor, horizon: int, delta_t: float) -> Self:
        """The stretches of 1 + horizon frames that begin at the frames `start` [sample]."""
        if not horizon:  # one frame each: as fast as an index can be
            external = None if frames.external is None else frames.external[start][:, None]
            return cls(frames.activity[start][:, None], frames.target[start], external, delta_t)
        index = start[:, None] + torch.arange(horizon + 1, device=start.device)
        external = None if frames.external is None else frames.external[index]
        return cls(frames.activity[index], frames.target[start], external, delta_t)

    @property
    def horizon(self) -> int:
        """Frames behind the first one."""
        return self.activity.shape[1] - 1

    def state(self, k: int = 0) -> Tensor:
        """The recorded states [sample, unit] of frame k."""
        return self.activity[:, k]

    def input(self, k: int = 0) -> Tensor | None:
        """The known input [sample, column] of frame k."""
        return None if self.external is None else self.external[:, k]

    def first(self, horizon: int) -> "Batch":
        """The same stretches with only so many frames behind the first."""
        external = None if self.external is None else self.external[:, : horizon + 1]
        return self._replace(activity=self.activity[:, : horizon + 1], external=external)


@dataclass(frozen=True)
class FitStep:
    """Where a fit is. number: steps done, of n_steps. generator: for what a strategy draws, on the CPU.

    configured(): the loss that the configuration would minimise at this step without the strategy, penalties included.
    """

    number: int
    n_steps: int
    generator: torch.Generator
    configured: Callable[[], Tensor]

    @property
    def progress(self) -> float:
        """The share of the steps that is done, in [0, 1)."""
        return self.number / self.n_steps


Diagnostics = Mapping[str, float | Tensor]  # name -> a number, logged as strategy_<name>


class TrainingStrategy(Protocol):
    """horizon: frames behind the first that a sample needs; None: those of the configured objective."""

    @property
    def horizon(self) -> int | None: ...

    def loss(self, model: Any, batch: Batch, step: FitStep) -> Tensor | tuple[Tensor, Diagnostics]:
        """A scalar that carries the gradient, alone or with diagnostics.

        model(u [sample, unit], external [sample, column] or None) -> du/dt [sample, unit]
        """
        ...


class StrategyError(ValueError):
    """A strategy of the user's own cannot be used, or failed. The message says where and what to do."""
