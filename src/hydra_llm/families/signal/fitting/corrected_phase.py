"""After a phase that finds the functions of a noisy recording: both, and W, again with the noise taken out."""

import logging
from typing import Any

from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.known_synapses import FittedPhase
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.base import Step

log = logging.getLogger(__name__)


class CorrectedPhase:
    """Runs the phase `inner`, and the correction after each of its intervals. knows_synapses: W is then zero where the
    network has no synapse."""

    def __init__(self, inner: FittedPhase, correction: NoiseCorrection, *, knows_synapses: bool) -> None:
        self._inner, self._correction, self._knows_synapses = inner, correction, knows_synapses

    @property
    def name(self) -> str:
        return f"{self._inner.name} without the noise"

    @property
    def n_intervals(self) -> int:
        return self._inner.n_intervals

    def optimizer(self, net: SignalGNN) -> Optimizer:
        return self._inner.optimizer(net)

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        found = self._inner.run(interval, net, frames, optimizer, step)
        log.info("%s", self._correction.sentence())
        self._correction.apply(net, frames, net.off_diagonal.bool().cpu() if self._knows_synapses else None)
        return found

    def state_dict(self) -> dict[str, Any]:
        return self._inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._inner.load_state_dict(state)
