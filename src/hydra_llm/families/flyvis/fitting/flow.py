"""Rounds of filter and regression: targets that no step size and no measurement noise biases (innovations)."""

import copy
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.fitting.closed_form import (
    UNEXPLAINED,
    ClosedForm,
    alike_in,
    pools_of,
    pools_of_one,
    relaxation_of,
)
from hydra_llm.families.flyvis.fitting.corrected_frames import CorrectedFrames
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.innovations import Sequences, better_gain, filtered, reach
from hydra_llm.families.flyvis.fitting.joint_filter import MOST, JointFilter, Noise, looked_at
from hydra_llm.families.flyvis.fitting.parameter_spread import ParameterSpread
from hydra_llm.families.flyvis.fitting.projection import MessageProjectionPhase
from hydra_llm.families.flyvis.fitting.round_state import RoundState
from hydra_llm.families.flyvis.fitting.slow_frames import ROUNDS, SETTLED, STEPS, SlowFrames, are_slow
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.training.phases.base import FitData, Step

log = logging.getLogger(__name__)

_VALIDATED = 600  # frames of the validation trajectory, whole sequences
_PROJECTED_EVERY = 2  # rounds from one look at the message function to the next
_WHOLE_ROUNDS = 2  # at the end; the rounds before them bring the law near and use sequences of EARLY_FRAMES in all
EARLY_FRAMES = 4000
_ONE_BY_ONE = 2  # rounds before one filter for all neurons: the first law is that of differences, and foretells little
_TRIED_ROUNDS = 4  # that tell whether rounds diverge
_SEEN = 4000  # frames at most, of those that tell the size of the increments


@dataclass(frozen=True)
class FlowPhase:
    """Each interval filters the recording with the present law and fits the law again; slow frames: see slow_frames.

    projection: for networks whose message function is unknown; None otherwise. substeps: see FrameMap.
    """

    solution: ClosedForm
    projection: MessageProjectionPhase | None
    n_intervals: int
    substeps: int | None
    delta_t: float
    state: RoundState
    name: str = field(default="flow", init=False)

    @classmethod
    def of(cls, training: FlyvisTraining, data: FitData, state: RoundState) -> Self:
        return cls(
            solution=ClosedForm.of(training, data),
            projection=MessageProjectionPhase.of(training, data) if training.projection_iterations else None,
            n_intervals=training.flow_rounds,
            substeps=training.flow_substeps,
            delta_t=data.delta_t,
            state=state,
        )

    def optimizer(self, net: FlyvisGNN) -> Optimizer:
        relaxation_of(net)
        if self.projection is None:
            return SGD([net.W], lr=0.0)  # no gradient is followed; Lightning counts its one step
        return self.projection.optimizer(net)

    def state_dict(self) -> dict[str, Any]:
        return {**self.state.state_dict(), "solution": self.solution.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state.load_state_dict(state)
        self.solution.load_state_dict(state["solution"])

    def run(self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        law = FrameMap(net, reach(frames, self.delta_t), self.delta_t, self.substeps, self.state.finer)
        if interval == 0 and self.substeps is None:
            self.state.slow = self._are_slow(net, law, frames)
        if self.state.slow:
            return self._run_slow(interval, net, frames, optimizer, step)
        gain = self.state.gain_of(net)
        whole = interval >= self.n_intervals - _WHOLE_ROUNDS
        every = 1 if whole else max(1, frames.n_frames // EARLY_FRAMES)
        joint, K = None, None
        if interval >= _ONE_BY_ONE and gain.lt(1).any() and self._shares_or_is_small(net):
            joint = self._joint(net, law, frames, gain)
            gains = None if joint is None else joint.gains(law)
            gain, K = (torch.ones_like(gain), None) if gains is None else (gains.own.gain, gains.K)
        found = CorrectedFrames(net, law, frames, gain, self.delta_t, every, K)
        logged = self.regress(interval, net, found, law, optimizer, step)
        better = better_gain(law, found.moments, gain, self.delta_t) if joint is None else gain
        variance = found.moments.variance()
        noise = None if joint is None else joint.noise
        self.state.take(better, float(variance.mean() / increments(frames, self.delta_t)), noise)
        measured = float(((1 - better).clamp_min(0) * variance if noise is None else noise.measured).median().sqrt())
        if interval == self.n_intervals - 1:
            log.info(
                "The recording says: measurement noise %.3g, prediction errors %.3g per frame (medians over neurons).",
                *(measured, float(variance.median().sqrt())),
            )
        return {**logged, "prediction_error": float(variance.mean().sqrt()), "measurement_noise": measured}

    def _shares_or_is_small(self, net: FlyvisGNN) -> bool:
        """Whether one filter for all neurons can be solved for: in a large eye counterparts have to share it."""
        return self.solution.ridge == "pooled" or net.n_neurons <= MOST

    def _joint(self, net: FlyvisGNN, law: FrameMap, frames: Frames, gain: Tensor) -> JointFilter | None:
        """One filter for all neurons; None where the recording shows no measurement noise. gain [neuron]: K so far."""
        every = max(1, frames.n_frames // EARLY_FRAMES)
        noise = self.state.noise
        if noise is None:
            moments, steepness = looked_at(net, law, frames, gain, self.delta_t, every)
            noise = Noise.by_single_gains(law, gain, moments.variance(), steepness)
        alike = alike_in(net) if self.solution.ridge == "pooled" else torch.arange(net.n_neurons).to(net.edge_index)
        return JointFilter.of(net, noise).heard(net, law, frames, alike, self.delta_t, every)

    def _are_slow(self, net: FlyvisGNN, law: FrameMap, frames: Frames) -> bool:
        trusted = torch.ones_like(law.rate[:, 0])
        sample = first_sequences(frames)
        seem = are_slow(law, filtered(law, Sequences.of(net, sample, self.delta_t), trusted).moments(), self.delta_t)
        slow = seem and self._diverges(net, frames)
        if slow:
            log.info(
                "Frames are more than three time constants apart (median over neurons): rounds of regressions are "
                "damped and Gauss-Newton steps on the prediction errors follow. Counterparts count as equal, and all "
                "noise as that of the process."
            )
        return slow

    def _diverges(self, net: FlyvisGNN, frames: Frames) -> bool:
        """Whether rounds, on a copy, predict worse and worse. Without noise rates look high at any distance of frames:
        the first round is then a step back, and those after it converge.
        """
        trial, solution = copy.deepcopy(net), replace(self.solution)
        gain, every = self.state.gain_of(net), max(1, frames.n_frames // EARLY_FRAMES)
        errors = []
        for _ in range(_TRIED_ROUNDS):
            law = FrameMap(trial, reach(frames, self.delta_t), self.delta_t, self.substeps, self.state.finer)
            found = CorrectedFrames(trial, law, frames, gain, self.delta_t, every)
            errors.append(float(found.moments.variance().mean()))
            solution.apply(trial, found.all, law.reach, self.state.doubt)
        return not errors[-1] < errors[1]

    def _run_slow(
        self, interval: int, net: FlyvisGNN, frames: Frames, optimizer: Optimizer, step: Step
    ) -> dict[str, float]:
        """The first half of the intervals are damped rounds, the others Gauss-Newton steps."""
        pools = pools_of(net) if self.solution.ridge == "pooled" else pools_of_one(net)
        doubt = 0.0 if net.message_is_known else self.state.doubt
        slow = SlowFrames.of(net, pools, frames, self.delta_t, EARLY_FRAMES, doubt)
        between, trusted = reach(frames, self.delta_t), torch.ones(net.n_neurons, dtype=net.W.dtype).to(net.W.device)
        n_regressed = (self.n_intervals + 1) // 2
        regressed = interval < n_regressed
        n_looks = math.ceil(ROUNDS / n_regressed) if regressed else math.ceil(STEPS / (self.n_intervals - n_regressed))
        step(lambda: torch.zeros((), requires_grad=True))
        for look in range(n_looks):
            law = FrameMap(net, between, self.delta_t, None, self.state.finer)
            if regressed:
                found = filtered(law, slow.sequences, trusted)
                within = slow.within(law, found)
                if self.projection is not None and look % _PROJECTED_EVERY == 1:
                    self.projection.refine(net, within.spread(self.projection.n_frames), optimizer, step)
                slow.regress(law, within, found.moments().variance())
            elif slow.newton(law) < SETTLED:
                break
        law = FrameMap(net, between, self.delta_t, None, self.state.finer)
        error = filtered(law, slow.sequences, trusted).moments().variance().mean()
        self.state.take(trusted, float(error / increments(frames, self.delta_t)))
        return {"prediction_error": float(error.sqrt())}

    def spread(self, net: FlyvisGNN, frames: Frames) -> ParameterSpread | None:
        """How far the parameters of the fitted network may be off, by a round that changes nothing. None, with a line
        in the log, where errors are not those of chance alone.
        """
        gain, noise = self.state.gain_of(net), self.state.noise
        why = (
            "steps on slow frames look at some frames and share parameters between counterparts"
            if self.state.slow
            else "without noise, what is left is the error of the rounds"
            if self.state.finer > 1
            else "measurement noise is filtered neuron by neuron, and the regressors hold what that leaves"
            if gain.lt(1).any() and noise is None
            else ""
        )
        if why:
            log.info("No standard errors of W, tau and V_rest: %s.", why)
            return None
        law = FrameMap(net, reach(frames, self.delta_t), self.delta_t, self.substeps, self.state.finer)
        joint = None if noise is None else JointFilter.of(net, noise).gains(law)
        K = None if joint is None else joint.K
        found = CorrectedFrames(net, law, frames, gain if joint is None else joint.own.gain, self.delta_t, joint=K)
        return self.solution.spread(net, found.all, law.reach, self.state.doubt)

    def regress(
        self,
        interval: int,
        net: FlyvisGNN,
        found: CorrectedFrames,
        law: FrameMap,
        optimizer: Optimizer,
        step: Step,
    ) -> dict[str, float]:
        """Fit a network again, and in every second round its message function first, to the frames of a filter."""
        if self.projection is not None and interval % _PROJECTED_EVERY == 1:
            n_frames = self.projection.frames_under(self.state.unexplained, net.n_neurons)
            self.projection.refine(net, found.all.spread(n_frames).collected(), optimizer, step)
        else:
            step(lambda: torch.zeros((), requires_grad=True))
        logged = self.solution.apply(net, found.all, law.reach, self.state.doubt)
        self.state.unexplained = logged[UNEXPLAINED]
        return logged


def prediction_error(data: FitData, state: RoundState, substeps: int | None) -> Callable[[FlyvisGNN, Frames], Tensor]:
    """What validates rounds of FlowPhase: mean square error of predicting a frame from those before it, over the
    variance of the increments. With K = 1 and one Euler step it is what forward differences leave unexplained."""
    held: list[Frames] = []

    def loss(net: FlyvisGNN, _: Frames) -> Tensor:
        if not held:
            held.append(first_sequences(data.frames("validation")).to(net.W.device))
        law = FrameMap(net, reach(held[0], data.delta_t), data.delta_t, substeps, state.finer)
        noise = state.noise
        gain = state.gain_of(net) if noise is None else JointFilter.of(net, noise).gains(law).K
        return relative_error(net, law, held[0], gain, data.delta_t)

    return loss


def relative_error(
    net: FlyvisGNN, law: FrameMap, frames: Frames, gain: Tensor, delta_t: float, of: Tensor | slice = slice(None)
) -> Tensor:
    """Mean square error of predicting each frame over the variance of the increments. gain: K, see `filtered`. of: the
    neurons that count.
    """
    with torch.no_grad():
        sequences = Sequences.of(net, frames, delta_t)
        error = filtered(law, sequences, gain).moments().variance()[of].mean()
    return error / increments(frames, delta_t, of)


def increments(frames: Frames, delta_t: float, of: Tensor | slice = slice(None)) -> Tensor:
    """Variance of what a voltage changes by from frame to frame, the mean over neurons."""
    every = max(1, frames.n_frames // _SEEN)
    return delta_t**2 * frames.target[::every][:, of].var(dim=0, unbiased=False).mean()


def first_sequences(frames: Frames) -> Frames:
    starts = frames.sequence_start
    if starts is None:
        return frames.at(slice(0, _VALIDATED))
    later = starts[starts >= min(_VALIDATED, frames.n_frames)]
    stop = int(later[0]) if len(later) else frames.n_frames
    return frames.at(slice(0, stop))._replace(sequence_start=starts[starts < stop])
