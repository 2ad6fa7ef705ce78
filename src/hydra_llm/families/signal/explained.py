"""A fit whose weights are found again beside inputs that nobody recorded (fitting.latent_inputs).

Functions were fitted with the latent inputs in the targets, so they are fitted again without them, and the latent
inputs are read off again, in turns.
"""

import copy
import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.data.windows import Frames
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.estimation.weak import Weak
from hydra_llm.families.fitting import Fit
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fitting.given_functions import Terms
from hydra_llm.families.signal.fitting.latent_inputs import (
    GAIN,
    directions_of,
    least_squares,
    most_latent_inputs,
    number_of_latent_inputs,
)
from hydra_llm.families.signal.fitting.spline_phase import SplinePhase
from hydra_llm.families.signal.fitting.weights_beside_latents import (
    TAKEN_AS_FOUND,
    beside_latent_inputs,
)
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

AUTO = "auto"
ROUNDS = 6  # of functions and latent inputs in turns; each halves what the functions leave
FIRST_GAIN = 0.1  # of the held-out error: what a latent input has to take away while functions are wrong
LEAST = 1e-6  # of the mean square that W explains: what it leaves below this is an error of the functions


@dataclass(frozen=True)
class Explained:
    """number of latent inputs; error [target, source]: standard errors of the weights beside them, None without any.
    predictor: the network before, whose weights absorb what latent inputs add: it predicts better where nobody knows
    these.
    """

    number: int
    error: np.ndarray | None
    predictor: SignalGNN

    def sentence(self) -> str:
        """For the report."""
        if self.number == 0:
            return "Inputs that nobody recorded were looked for, and none shows in what the fit leaves."
        return (
            f"Inputs that nobody recorded, found in what the fit leaves: {self.number}. Weights stand beside them; "
            f"predictions and checks are those of the fit without them. {TAKEN_AS_FOUND}"
        )


@dataclass(frozen=True)
class SignalFit(Fit):
    """latents: what was found of inputs that nobody recorded, where the fit looked for them."""

    latents: Explained | None = None


def wanted(training: SignalTraining, data: RecordingDataModule, observations: Observations) -> int | None:
    """How many latent inputs a fit is to have; None: as many as held-out entries ask for.

    Raises ValueError for what is no number, and where latent inputs cannot be told from what else a fit leaves.
    """
    number = training.latent_inputs
    if number == 0 and not isinstance(number, bool):
        return 0
    most = most_latent_inputs(observations.meta["n_neurons"])
    if number != AUTO and (isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most):
        raise ValueError(
            f"training.latent_inputs must be {AUTO} or a whole number from 0 to {most} (for "
            f"{observations.meta['n_neurons']} recorded units), got {number!r}."
        )
    if "synapses" in observations.meta["structure"] or observations.meta["external_input_mode"] == "multiplicative":
        raise ValueError(
            "training.latent_inputs must be 0 with simulation.graph_path and with an input that multiplies: latent "
            f"inputs are read from regressions that share all sources. Got {number!r}."
        )
    if isinstance(data.method, Smoothed | Weak):
        raise ValueError(
            f"training.latent_inputs must be 0 where the target is {data.method.name}, got {number!r}: what that "
            "leaves goes on from frame to frame by itself, and nothing tells latent inputs from it. Choose "
            "training.target=flow or finite_difference, or record with less noise."
        )
    return None if number == AUTO else number


def explained(fit: Fit, training: SignalTraining, data: RecordingDataModule, number: int | None) -> SignalFit:
    """The fit with the weights that it has beside latent inputs. number: as `wanted` gives it."""
    if not isinstance(fit.net, SignalGNN):
        raise ValueError(
            f"training.latent_inputs needs a SignalGNN, and this is a {type(fit.net).__name__}. Set it to 0."
        )
    net: SignalGNN = copy.deepcopy(fit.net)
    frames = data.estimates.frames("train", net)
    rounds = ROUNDS if training.spline_knots and net.is_shared else 0
    directions = None
    for gain in np.geomspace(FIRST_GAIN if rounds else GAIN, GAIN, rounds + 1).tolist():
        if directions is not None:
            _refit(net, frames, directions, training)
        directions = _directions(net, frames, number, training.seed, gain)
    if directions is None:
        log.info("No latent input shows in what the fit leaves: the weights stay as they are.")
        return SignalFit(**{**vars(fit), "latents": Explained(0, None, fit.net)})
    draws = stream(training.seed, "controls/hidden_for_a_trial")
    found = beside_latent_inputs(Terms.of(net, frames), directions, draws)
    log.info("%s", found.sentence())
    with torch.no_grad():
        net.W.copy_(found.W.to(net.W))
    return SignalFit(**{**vars(fit), "net": net, "latents": Explained(found.number, found.error, fit.net)})


def _directions(net: SignalGNN, frames: Frames, number: int | None, seed: int, gain: float) -> Tensor | None:
    """In which latent inputs enter beside the present functions [target, number]; None without any. gain: what one
    more has to take away."""
    terms = Terms.of(net, frames)
    left = least_squares(terms)
    if number is None and float(left.square().mean()) < LEAST * float(terms.rest.square().mean()):
        return None
    if number is None:
        number = number_of_latent_inputs(left, stream(seed, "controls/latent_inputs"), gain)
    return directions_of(left, number, frames.sequence_start) if number else None


def _refit(net: SignalGNN, frames: Frames, directions: Tensor, training: SignalTraining) -> None:
    """Fit the functions to targets without the latent inputs, from the functions as they are."""
    left = least_squares(Terms.of(net, frames)) @ directions @ directions.T
    phase = SplinePhase(
        n_splines=training.spline_knots,
        n_frames=training.spline_frames,
        ridge=training.spline_ridge,
        generator=stream(training.seed, "model_init/starts"),
        goes_on=True,
    )
    quiet = frames._replace(target=frames.target - left.to(frames.target))
    phase.run(0, net, quiet, phase.optimizer(net), lambda closure: closure())
