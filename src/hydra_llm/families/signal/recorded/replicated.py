"""What networks say that were fitted to resampled recordings: errors of weights, and bands of functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.bootstrap import error_of
from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.learned_functions import values
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.recorded.scale import natural_scale
from hydra_llm.metrics.intervals import reach_of


@dataclass(frozen=True)
class Replicated:
    """scales: of every network [source], by which its messages are divided and its weights multiplied."""

    nets: Sequence[SignalGNN]
    scales: Sequence[np.ndarray]

    @classmethod
    def of(cls, nets: Sequence[SignalGNN], activity: np.ndarray) -> "Replicated":
        """activity: recorded states [frame, neuron]."""
        return cls(nets, [natural_scale(net, activity) for net in nets])

    def weights(self, W: np.ndarray, determined: np.ndarray) -> Weights:
        """Around W [target, source] of the fit, with the scatter as its standard error."""
        every = [
            net.connectivity().detach().double().numpy() * s for net, s in zip(self.nets, self.scales, strict=True)
        ]
        return Weights(W, error_of(every), determined, len(self.nets))

    def half_widths(self, states: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Of pointwise bands of message and update at states [point], of functions that all neurons share."""
        grid = np.repeat(states[:, None], self.nets[0].n_neurons, axis=1)
        reach = reach_of(level, len(self.nets))
        message = [values(n.message, n, grid)[:, 0] / s[0] for n, s in zip(self.nets, self.scales, strict=True)]
        update = [values(net.update, net, grid)[:, 0] for net in self.nets]
        return reach * error_of(message), reach * error_of(update)
