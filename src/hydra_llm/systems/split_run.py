"""The three trajectories of a system, integrated as one batch."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from hydra_llm.systems.base import SPLITS, Recording, Segment
from hydra_llm.systems.integrators import Integrator, VectorField
from hydra_llm.systems.measurement import pooled_spread
from hydra_llm.systems.noise import NormalFrames, ProcessNoise
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES, Recordable
from hydra_llm.systems.trajectory import check_finite, integrate


class Integrated(Recordable, Protocol):
    """A system that a SplitRun can advance."""

    @property
    def seed(self) -> int: ...
    @property
    def n_units(self) -> int: ...
    @property
    def noise(self) -> ProcessNoise: ...
    @property
    def measurement_noise_sd(self) -> float: ...
    @property
    def integrator(self) -> Integrator: ...


def training_spread(run: "SplitRun", segments: Iterable[Segment]) -> float:
    """Pooled standard deviation of the states of the training trajectory, by a run that has not begun."""
    row = SPLITS.index("train")
    return pooled_spread(run.states(part)[0][:, row] for part in segments if "train" in part.splits)


class SplitRun:
    """A run with one state per split, [split, unit].

    The batch keeps its three rows to the end, so that the rounding of one trajectory does not depend on the length of
    another; a row whose split is complete rests at zero. Every split has noise streams of its own. A family with an
    input overrides external().
    """

    def __init__(self, system: Integrated, field: VectorField, initial_state: Tensor, floor: float | None) -> None:
        """initial_state [split, unit] before any burn-in; floor: lowest possible state."""
        self._system, self._field, self._floor = system, field, floor
        self.dtype = DTYPES[system.dtype]
        seed, n = system.seed, system.n_units
        draws = system.noise.draws_per_frame(system.substeps)
        self._process_noise = {s: NormalFrames(stream(seed, f"process_noise/{s}"), (draws, n)) for s in SPLITS}
        self._measurement_noise = {s: NormalFrames(stream(seed, f"measurement_noise/{s}"), (n,)) for s in SPLITS}
        self._state = initial_state.to(self.dtype)
        self._frame = -system.burn_in

    def external(self, segment: Segment) -> Tensor | None:
        """The input as it enters the drift [frame, split, column]; none here."""
        return None

    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        activity, external = self.states(segment)
        recordings = []
        for split in segment.splits:
            row = SPLITS.index(split)
            state, sd = activity[:, row], self._system.measurement_noise_sd
            noisy = state + sd * self._measurement_noise[split].take(len(state)).to(state) if sd > 0 else None
            recordings.append(
                Recording(
                    split=split,
                    start=segment.start,
                    activity=state if noisy is None else noisy,
                    external=None if external is None else external[:, row],
                    clean_activity=None if noisy is None else state,
                )
            )
        return tuple(recordings)

    @torch.inference_mode()
    def states(self, segment: Segment) -> tuple[Tensor, Tensor | None]:
        """The states of the next segment and the input to them, each [frame, split, column], before any measurement."""
        if self._frame < 0:
            self._integrate(Segment(SPLITS, self._frame, 0))
        if segment.start != self._frame:
            raise ValueError(
                f"The next segment must start at frame {self._frame}, where the run is, got frame {segment.start}."
            )
        return self._integrate(segment)

    def _integrate(self, segment: Segment) -> tuple[Tensor, Tensor | None]:
        system, n_frames = self._system, segment.stop - segment.start
        for row, split in enumerate(SPLITS):
            if split not in segment.splits:
                self._state[row] = 0
        external = self.external(segment)
        activity, self._state = integrate(
            self._field,
            system.integrator,
            self._state,
            n_frames,
            system.delta_t,
            system.substeps,
            external,
            self._noise(segment),
            self._floor,
        )
        self._frame = segment.stop
        recorded = [SPLITS.index(split) for split in segment.splits]
        check_finite(activity[:, recorded], segment.splits, segment.start, system.delta_t)
        return activity, external

    def _noise(self, segment: Segment) -> Tensor | None:
        """Scaled process noise [frame, draw, split, unit], each split from its own stream."""
        system = self._system
        draws = system.noise.draws_per_frame(system.substeps)
        if draws == 0:
            return None
        n_frames = segment.stop - segment.start
        noise = torch.zeros((n_frames, draws, len(SPLITS), system.n_units), dtype=self.dtype)
        for split in segment.splits:
            noise[:, :, SPLITS.index(split)] = self._process_noise[split].take(n_frames).to(self.dtype)
        return noise.mul_(system.noise.standard_deviation(system.delta_t, system.substeps))
