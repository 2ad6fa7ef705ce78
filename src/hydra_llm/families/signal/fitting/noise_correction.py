"""What a signal fit does under measurement noise: functions and weights are found again, the noise taken out."""

import copy
import logging
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.method import Method
from hydra_llm.estimation.noise import HIGHER, noise_levels
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.signal.fitting.corrected_splines import CorrectedSplines, descend_corrected
from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
from hydra_llm.families.signal.fitting.noisy_equations import Function, NoisyEquations, Window
from hydra_llm.families.signal.fitting.spline_curves import write_curves
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.nn.mlp import MLP
from hydra_llm.nn.spline import SplineBasis

log = logging.getLogger(__name__)

SPLINES, LOOKED_WITH, DEGREE = 32, 48, 5  # per function; LOOKED_WITH: to see where a message bends
MOST = 0.5  # of the weights have to be determined


@dataclass(frozen=True)
class NoiseCorrection:
    """Of the training frames. equations: in weak form, with their noise."""

    equations: NoisyEquations

    @classmethod
    def wanted(cls, method: Method | None, recorded: Recorded, input_mode: str) -> Self | None:
        """Where the recording is smoothed because of its noise; None elsewhere, and where an input multiplies or all
        stretches are too short to tell the noise."""
        longest = max(own.stop - own.start for own in recorded.sequences())
        if not isinstance(method, Smoothed) or input_mode == "multiplicative" or longest <= HIGHER:
            return None
        levels = noise_levels(recorded)
        return cls(NoisyEquations(recorded, levels.measurement, Window.of(recorded))) if levels.is_noise else None

    def sentence(self, determined: float = 1.0) -> str:
        """determined: the share of the weights that the equations determine, where it is known."""
        if determined < MOST:
            return (
                f"Under its noise the recording determines {determined:.0%} of the weights, too few to take the noise "
                "out: the fit to the smoothed recording stays. Record more frames, or a richer activity."
            )
        reach = self.equations.window.reach
        return (
            f"Functions and weights are found again from equations over {2 * reach + 1} frames, with their noise "
            "taken out: a smoothed recording alone gives weights that are too small."
        )

    def terms(self, message: Function, update: Function) -> Terms:
        """Of the regression for W, given both functions of states [frame, unit]."""
        sent, noise = self.equations.averaged(message)
        return Terms(sent, self.equations.known[self.equations.frames] - self.equations.averaged(update)[0], noise)

    def terms_of(self, net: SignalGNN) -> Terms:
        return self.terms(lambda u: net.message(u.to(net.W)), lambda u: net.update(u.to(net.W)))

    def apply(self, net: SignalGNN, frames: Frames, synapses: Tensor | None) -> None:
        """Functions that all neurons share, then the weights that the equations determine; the others stay.

        Where these are fewer than MOST, the network is left as it was. synapses: bool [target, source], those that
        exist; None: any.
        """
        before = copy.deepcopy(net.state_dict())
        with torch.no_grad():
            if net.is_shared:
                self._functions(net, frames)
            found = weights_given_functions(self.terms_of(net), synapses)
            told = torch.from_numpy(found.determined).to(net.W.device)
            share = float(told.sum() / net.off_diagonal.sum())
            if share < MOST:
                log.warning("%s", self.sentence(share))
                net.load_state_dict(before)
                return
            net.W.copy_(torch.where(told, torch.from_numpy(found.value).to(net.W), net.W))

    def _functions(self, net: SignalGNN, frames: Frames) -> None:
        states = self.equations.recorded.activity.double()
        message, update = (_curve(mlp, float(net.state_scale)) for mlp in (net.lin_edge, net.lin_phi))
        even = SplineBasis.over(states, LOOKED_WITH, 3)
        basis = SplineBasis.over(states, SPLINES, DEGREE, even.bends(even.coefficients(message)))
        problem = CorrectedSplines.of(basis, self.equations)
        found = descend_corrected(problem, basis.coefficients(update), basis.coefficients(message))
        write_curves(net, basis, found.a, found.c, frames.spread(200).activity)


@dataclass(frozen=True)
class NoiseTakenOut:
    """What follows a fit to a smoothed recording. knows_synapses: W is then zero where the network has no synapse."""

    correction: NoiseCorrection
    knows_synapses: bool

    @property
    def title(self) -> str:
        return "without the noise"

    def apply(self, net: SignalGNN, frames: Frames) -> None:
        log.info("%s", self.correction.sentence())
        self.correction.apply(net, frames, net.off_diagonal.bool().cpu() if self.knows_synapses else None)


def _curve(mlp: MLP, scale: float):
    parameter = next(mlp.parameters())

    def curve(u: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(u)[:, None].to(parameter) / scale
        return mlp(x)[:, 0].double().cpu().numpy()

    return curve
