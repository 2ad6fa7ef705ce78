"""W on a known graph: once the functions are found, every target is regressed on the sources that it has."""

import torch
from torch import nn

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
from hydra_llm.families.signal.model.gnn import SignalGNN


class KnownSynapses:
    """Replaces W by the regression on the synapses that the network allows."""

    title = "on known synapses"

    def apply(self, net: SignalGNN, frames: Frames) -> None:
        with torch.no_grad():
            weights = weights_given_functions(Terms.of(net, frames), net.off_diagonal.bool())
            net.W.copy_(torch.from_numpy(weights.value).to(net.W))


def restrict(net: nn.Module, synapses: torch.Tensor) -> None:
    """Allow only synapses [target, source] that are True. Raises ValueError for another network than ours."""
    if not isinstance(net, SignalGNN):
        raise ValueError(
            f"simulation.graph_path restricts the W of a SignalGNN, and model._target_ builds a {type(net).__name__}. "
            "Leave simulation.graph_path out."
        )
    net.off_diagonal.copy_(synapses.to(net.off_diagonal))
