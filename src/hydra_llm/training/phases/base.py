"""What a phase of a fit is."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from torch import Tensor
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.method import Field, Method
from hydra_llm.estimation.recorded import Recorded

Step = Callable[[Callable[[], Tensor]], object]  # one optimiser step with its closure, counted by Lightning


class FitData(Protocol):
    """The recording that a fit may look at: observations of train, validation and test, delta_t apart."""

    @property
    def delta_t(self) -> float: ...

    def frames(self, split: str) -> Frames: ...

    @property
    def n_refinements(self) -> int:
        """How often it pays to estimate the targets again with a fitted network."""
        ...

    def refine(self, field: Field) -> None:
        """Estimate the targets again, given the present network."""
        ...

    @property
    def method(self) -> Method | None:
        """How the targets are estimated; None: they are the oracle derivative."""
        ...

    def recorded(self, split: str) -> Recorded:
        """The trajectory that the frames come from."""
        ...

    def put(self, split: str, frames: Frames) -> None:
        """Frames that a phase has found itself, in place of the estimated ones."""
        ...


class Phase(Protocol):
    """A part of a fit. Lightning's epochs are intervals; between two of them the network is validated.

    A phase names the class of networks it can work on in its own annotations.
    """

    @property
    def name(self) -> str: ...

    @property
    def n_intervals(self) -> int: ...

    def optimizer(self, net: Any) -> Optimizer:
        """The optimiser over the parameters of the network; called once, before the fit."""
        ...

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        """Work through one interval (0, 1, ...) on the training frames. Returns what is to be logged."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A phase that can go on after its process was lost: state between two intervals as tensors and numbers."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@runtime_checkable
class Stepwise(Protocol):
    """A phase of many steps, whose intervals say less than these."""

    @property
    def n_steps(self) -> int: ...

    def steps_after(self, interval: int) -> int:
        """How many steps are done at the end of an interval."""
        ...
