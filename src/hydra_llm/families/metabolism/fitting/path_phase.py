"""The last phase of a fit to a noisy recording: network and path together, from what the smoothed states gave."""

import copy
import logging
import math
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.path import NoPathError
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.path_fit import PathFit, fit_path, path_given
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.phases.base import FitData, Step
from hydra_llm.training.phases.refinement import ROUND

log = logging.getLogger(__name__)

RESTING_SHARE = 0.01  # s / gamma of a path whose network is no longer moved


@dataclass(frozen=True)
class PathPhase:
    """fit_path on the training recording, kept if it makes the validation recording likelier. The frames stay those of
    the smoothed states, so that the loss on validation says what it said before."""

    data: FitData
    share_lines: bool
    seed: int
    name: str = field(default="path", init=False)
    n_intervals: int = field(default=1, init=False)

    @classmethod
    def phases(cls, training: MetabolismTraining, data: FitData) -> list[Self]:
        """One, where has_path says so; else none."""
        return [cls(data, training.share_lines, training.seed)] if has_path(training, data) else []

    def optimizer(self, net: ReactionGNN) -> Optimizer:
        return SGD([net.log_k], lr=0.0)  # no gradient is followed; Lightning counts its one step

    def run(
        self, interval: int, net: ReactionGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        device = net.log_k.device
        net.to("cpu")
        logged = self._fit(net)
        net.to(device)
        step(lambda: torch.zeros(()))
        return logged

    def _fit(self, net: ReactionGNN) -> dict[str, float]:
        before = copy.deepcopy(net.state_dict())
        recorded, start = smoothed(self.data, "train")
        draws = stream(self.seed, "model_init/line_types")
        try:
            fitted = fit_path(net, recorded, start, draws, share_lines=self.share_lines)
        except NoPathError as error:
            log.warning("The network stays as it was fitted to smoothed states: %s", error)
            net.load_state_dict(before)
            return {}
        after, evidence = copy.deepcopy(net.state_dict()), self._held_out_evidence(net, fitted)
        net.load_state_dict(before)
        gained = evidence - self._held_out_evidence(net, fitted)
        log.info("%s", fitted.sentence)
        logged = {"path_measurement_sd": fitted.measurement_sd, "path_process_sd": fitted.process_sd}
        if not gained > 0:
            log.warning(
                "The network stays as it was fitted to smoothed states: the path fit makes the validation recording "
                "less likely, by %.1f in the logarithm.",
                -gained,
            )
            return logged
        net.load_state_dict(after)
        return {**logged, ROUND: 1.0}  # a smoothing error must not choose the network

    def _held_out_evidence(self, net: ReactionGNN, fitted: PathFit) -> float:
        recorded, start = smoothed(self.data, "validation")
        try:
            return path_given(net, recorded, start, fitted.measurement_sd, fitted.process_sd).log_evidence
        except NoPathError:
            return -math.inf


def has_path(training: MetabolismTraining, data: FitData) -> bool:
    """Whether the fit ends with a path: where the recording is smoothed, unless the keys exclude it."""
    return training.path_fit and training.linear_homeostasis is not False and isinstance(data.method, Smoothed)


def take_paths(net: ReactionGNN, data: FitData) -> None:
    """Let the frames of both splits be their paths under the network, with its own derivative: free of noise, and in
    agreement with every part of it."""
    for split in ("train", "validation"):
        recorded, start = smoothed(data, split)
        gamma = float((recorded.activity - start).square().mean().sqrt())
        path = path_given(net, recorded, start, gamma, RESTING_SHARE * gamma)
        data.put(split, frames_along(net, recorded, path.states))


def smoothed(data: FitData, split: str) -> tuple[Recorded, Tensor]:
    """A recording on the CPU, and its smoothed states [frame, metabolite]."""
    assert isinstance(data.method, Smoothed)  # asked by the caller
    recorded = data.recorded(split)
    return recorded, data.method.path(recorded)[0]


def frames_along(net: ReactionGNN, recorded: Recorded, states: Tensor) -> Frames:
    """States and the derivative of the network there."""
    states = states.to(recorded.activity.dtype)
    with torch.no_grad():
        return Frames(states, net(states, recorded.external), recorded.external, recorded.sequence_start)
