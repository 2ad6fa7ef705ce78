"""Rounds of filter and regression for a partly recorded eye: hidden activity and law are found in turns."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Self

import torch

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.fitting.corrected_frames import CorrectedFrames
from hydra_llm.families.flyvis.fitting.flow import FlowPhase, first_sequences, increments, relative_error
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.hidden_cells import HiddenCells
from hydra_llm.families.flyvis.fitting.innovations import better_gain, reach
from hydra_llm.families.flyvis.fitting.partial_eye import PartlyRecordedGNN
from hydra_llm.families.flyvis.fitting.round_state import RoundState
from hydra_llm.training.phases.base import FitData, Step

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReconstructionPhase(FlowPhase):
    """FlowPhase on all neurons: the filter has no gain where nothing is recorded. cells: the neurons."""

    cells: HiddenCells = field(kw_only=True)
    name: str = field(default="reconstruction", init=False)

    @classmethod
    def for_cells(cls, training: FlyvisTraining, data: FitData, state: RoundState, cells: HiddenCells) -> Self:
        plain = FlowPhase.of(training, data, state)
        return cls(**{part.name: getattr(plain, part.name) for part in fields(plain) if part.init}, cells=cells)

    def run(self, interval: int, net: PartlyRecordedGNN, frames: Frames, optimizer, step: Step) -> dict[str, float]:
        eye, device = self.cells.eye, frames.activity.device
        if interval == 0:  # what counterparts share, with hidden neurons silent as in the fit so far
            self.solution.apply(net.whole, self.cells.frames("train").to(device))
        law = FrameMap(net.whole, reach(frames, self.delta_t), self.delta_t, self.substeps, self.state.finer)
        gain = eye.filled(self.state.gain_of(net.net))
        found = CorrectedFrames(net.whole, law, self.cells.begun("train").to(device), gain, self.delta_t)
        logged = self.regress(interval, net.whole, found, law, optimizer, step)
        better = better_gain(law, found.moments, gain, self.delta_t)[eye.neuron]
        variance = found.moments.variance()[eye.neuron]
        self.state.take(better, float(variance.mean() / increments(frames, self.delta_t)))
        net.take()
        if interval == self.n_intervals - 1:
            log.info(
                "The activity of %d of %d hidden neurons is reconstructed by the law of their recorded counterparts; "
                "others have none and count as silent. Prediction errors are %.3g per frame (median over neurons).",
                *(len(eye.reconstructible), len(eye.hidden), float(variance.median().sqrt())),
            )
        return {**logged, "prediction_error": float(variance.mean().sqrt())}


def prediction_error_with(
    cells: HiddenCells, state: RoundState, substeps: int | None
) -> Callable[[PartlyRecordedGNN, Frames], torch.Tensor]:
    """What validates a reconstruction: flow.prediction_error of the recorded neurons, with hidden ones beside them."""
    held: list[Frames] = []

    def loss(net: PartlyRecordedGNN, frames: Frames) -> torch.Tensor:
        if not held:
            held.append(first_sequences(cells.begun("validation")).to(frames.activity.device))
        K = cells.eye.filled(state.gain_of(net.net))
        law = FrameMap(net.whole, reach(held[0], cells.data.delta_t), cells.data.delta_t, substeps, state.finer)
        return relative_error(net.whole, law, held[0], K, cells.data.delta_t, cells.eye.neuron)

    return loss
