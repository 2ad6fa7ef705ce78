"""A phase that finds the functions, and something that is done to the network after it."""

from typing import Any, Protocol

from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.base import Phase, Resumable, Step


class FittedPhase(Phase, Resumable, Protocol):
    """A phase that can be continued."""


class AfterFunctions(Protocol):
    """title completes the name of the phase before it: "splines on known synapses"."""

    @property
    def title(self) -> str: ...

    def apply(self, net: SignalGNN, frames: Frames) -> None:
        """Change the network, whose functions are found."""
        ...


class FollowedPhase:
    """Runs the phase `inner`, and what comes `after` it at the end of each of its intervals."""

    def __init__(self, inner: FittedPhase, after: AfterFunctions) -> None:
        self._inner, self._after = inner, after

    @property
    def name(self) -> str:
        return f"{self._inner.name} {self._after.title}"

    @property
    def n_intervals(self) -> int:
        return self._inner.n_intervals

    def optimizer(self, net: SignalGNN) -> Optimizer:
        return self._inner.optimizer(net)

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        found = self._inner.run(interval, net, frames, optimizer, step)
        self._after.apply(net, frames)
        return found

    def state_dict(self) -> dict[str, Any]:
        return self._inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._inner.load_state_dict(state)


def nothing_more(phase: FittedPhase) -> FittedPhase:
    """The phase alone."""
    return phase
