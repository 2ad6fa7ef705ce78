"""Simulation of one segment: a group of sequences as one batch, in blocks of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hydra_llm.systems.base import SPLITS, Recording, Segment
from hydra_llm.systems.hidden_units import partly
from hydra_llm.systems.noise import NormalFrames
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.trajectory import check_finite, integrate

if TYPE_CHECKING:
    from hydra_llm.families.flyvis.system.system import FlyvisSystem

MOST_SEQUENCES = 64  # more at once gain nothing: a row of the state then outgrows the caches
SEGMENT_BYTES = 256 * 2**20  # of one recorded array of a segment
BLOCK = 20  # frames integrated in one go; bounds what noise and state take beside the recording
ADAPTATION = 2.0  # seconds of a grey field before a sequence
GREY = (0.3, 0.7)  # luminance of that field; flyvis uses 0.5
N_GREYS = 8  # fields per split; sequences take them in turn


def sequences_at_once(n_neurons: int, n_frames: int, dtype: torch.dtype, most_bytes: int = SEGMENT_BYTES) -> int:
    """How many sequences of n_frames are simulated and held in memory together."""
    return max(1, min(MOST_SEQUENCES, most_bytes // (n_neurons * n_frames * dtype.itemsize)))


class FlyvisRun:
    """Any segment can be advanced at any time: sequences share nothing but the parameters.

    grey: least and largest luminance of the fields that an eye is adapted to.
    """

    def __init__(self, system: FlyvisSystem, grey: tuple[float, float] = GREY) -> None:
        self._system = system
        self._grey = grey
        self._device = system.device
        self._field = system.field(self._device)
        self._dtype = getattr(torch, system.dtype)
        self._input_column = torch.from_numpy(system.connectome.input_column)
        for split in SPLITS:
            system.stimulus.prepare(split, len(system.sequence_lengths(split)))
        self._adapted: dict[str, Tensor] = {}  # split -> [neuron, grey field]

    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        (split,) = segment.splits
        states, external = self.states(segment)
        seen = self._measured(states, segment)
        recording = Recording(
            split=split,
            start=segment.start,
            activity=states if seen is None else seen,
            external=external,
            clean_activity=None if seen is None else states,
        )
        return (partly(recording, self._system.recorded_units),)

    @torch.inference_mode()
    def states(self, segment: Segment) -> tuple[Tensor, Tensor]:
        """The states of a segment and the light on them, each [frame, column], before any measurement."""
        system, (split,) = self._system, segment.splits
        starts, lengths = system.sequence_starts(split), system.sequence_lengths(split)
        numbers = self._numbers(segment)
        offsets = [starts[k] - segment.start for k in numbers]
        own = [lengths[k] for k in numbers]
        light = [system.stimulus.luminance(split, k, lengths[k])[:, self._input_column] for k in numbers]
        noise = [self._noise(split, k) for k in numbers]
        n_frames, n = segment.stop - segment.start, system.n_units
        activity = torch.empty((n_frames, n), dtype=self._dtype)
        state = self._adapted_states(split)[:, [k % N_GREYS for k in numbers]]
        for first in range(0, max(own), BLOCK):
            size = min(BLOCK, max(own) - first)
            external = torch.stack([_frames(shown, first, size) for shown in light], dim=-1)
            states, state = self._integrate(state, external, self._kicks(noise, size))
            for row, (offset, length) in enumerate(zip(offsets, own, strict=True)):
                here = slice(offset + first, offset + min(first + size, length))
                if here.start < here.stop:
                    activity[here] = states[: here.stop - here.start, :, row]
        check_finite(activity[:, None], (split,), segment.start, system.delta_t)
        return activity, torch.cat(light).to(self._dtype)

    def _numbers(self, segment: Segment) -> list[int]:
        """Which sequences of its split a segment holds."""
        starts = self._system.sequence_starts(segment.splits[0])[:-1]
        return [k for k, start in enumerate(starts) if segment.start <= start < segment.stop]

    def _integrate(self, state: Tensor, external: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """States [frame, neuron, sequence] on the CPU, and the state that follows, where it is computed."""
        system = self._system
        external = external.to(self._device, self._dtype)
        states, state = integrate(
            self._field,
            system.integrator,
            state,
            len(external),
            system.delta_t,
            system.substeps,
            external,
            None if noise is None else noise.to(self._device),
        )
        return states.cpu(), state

    def _adapted_states(self, split: str) -> Tensor:
        """Voltages after two seconds before grey fields [neuron, grey field], without noise."""
        if split not in self._adapted:
            system = self._system
            draw = torch.rand(N_GREYS, generator=stream(system.seed, f"initial_state/{split}"), dtype=torch.float64)
            grey = self._grey[0] + (self._grey[1] - self._grey[0]) * draw
            field = grey.expand(BLOCK, len(self._input_column), N_GREYS)
            state = system.truth()["v_rest"][:, None].expand(-1, N_GREYS).contiguous().to(self._device)
            n_frames = round(ADAPTATION / system.delta_t)
            for first in range(0, n_frames, BLOCK):
                states, state = self._integrate(state, field[: min(BLOCK, n_frames - first)], None)
                for row in range(N_GREYS):
                    check_finite(states[:, None, :, row], (split,), first - n_frames, system.delta_t)
            self._adapted[split] = state
        return self._adapted[split]

    def _noise(self, split: str, number: int) -> NormalFrames:
        draws = self._system.noise.draws_per_frame(self._system.substeps)
        generator = stream(self._system.seed, f"process_noise/{split}/{number}")
        return NormalFrames(generator, (draws, self._system.n_units), block=BLOCK)

    def _kicks(self, noise: list[NormalFrames], n_frames: int) -> Tensor | None:
        """Scaled process noise [frame, draw, neuron, sequence]."""
        system = self._system
        if system.noise.draws_per_frame(system.substeps) == 0:
            return None
        drawn = torch.stack([frames.take(n_frames).to(self._dtype) for frames in noise], dim=-1)
        return drawn.mul_(system.noise.standard_deviation(system.delta_t, system.substeps))

    def _measured(self, states: Tensor, segment: Segment) -> Tensor | None:
        """The recording with measurement noise [frame, neuron], or None without."""
        system, (split,) = self._system, segment.splits
        sd = system.measurement_noise_sd
        if sd == 0:
            return None
        seen, numbers = states.clone(), self._numbers(segment)
        lengths = [system.sequence_lengths(split)[k] for k in numbers]
        for number, part in zip(numbers, seen.split(lengths), strict=True):
            generator = stream(system.seed, f"measurement_noise/{split}/{number}")
            for frame in part:
                noise = torch.randn(frame.shape, generator=generator, dtype=torch.float64)
                frame += (sd * noise).to(self._dtype)
        return seen


def _frames(light: Tensor, first: int, size: int) -> Tensor:
    """Frames [first, first + size) of light [frame, input]; darkness after its end, where nothing is recorded."""
    shown = light[first : first + size]
    return torch.cat([shown, shown.new_zeros((size - len(shown), light.shape[1]))])
