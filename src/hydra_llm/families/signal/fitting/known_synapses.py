"""W on a known graph: after a phase that finds the functions, every target is regressed on the sources that it has."""

from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.base import Phase, Resumable, Step


class FittedPhase(Phase, Resumable, Protocol):
    """A phase that can be continued."""


class KnownSynapsesPhase:
    """Runs the phase `inner`, and after each of its intervals replaces W by the regression on the known synapses."""

    def __init__(self, inner: FittedPhase) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        return f"{self._inner.name} on known synapses"

    @property
    def n_intervals(self) -> int:
        return self._inner.n_intervals

    def optimizer(self, net: SignalGNN) -> Optimizer:
        return self._inner.optimizer(net)

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        found = self._inner.run(interval, net, frames, optimizer, step)
        with torch.no_grad():
            weights = weights_given_functions(Terms.of(net, frames), net.off_diagonal.bool())
            net.W.copy_(torch.from_numpy(weights.value).to(net.W))
        return found

    def state_dict(self) -> dict[str, Any]:
        return self._inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._inner.load_state_dict(state)


def nothing_more(phase: FittedPhase) -> FittedPhase:
    """The phase alone, where any two neurons may be connected."""
    return phase


def restrict(net: nn.Module, synapses: torch.Tensor) -> None:
    """Allow only synapses [target, source] that are True. Raises ValueError for another network than ours."""
    if not isinstance(net, SignalGNN):
        raise ValueError(
            f"simulation.graph_path restricts the W of a SignalGNN, and model._target_ builds a {type(net).__name__}. "
            "Leave simulation.graph_path out."
        )
    net.off_diagonal.copy_(synapses.to(net.off_diagonal))
