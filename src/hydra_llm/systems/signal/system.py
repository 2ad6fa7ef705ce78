"""A random rate network with its experiment: truth, three trajectories, input and noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hydra_llm.systems.activation import activation
from hydra_llm.systems.base import SPLITS, Recording, Segment
from hydra_llm.systems.connectivity import Connectivity
from hydra_llm.systems.integrators import Integrator
from hydra_llm.systems.noise import NormalFrames, ProcessNoise
from hydra_llm.systems.signal.external_input import ExternalInput, Presentation
from hydra_llm.systems.signal.neuron_types import NeuronType, type_index
from hydra_llm.systems.signal.rate_field import MODES, RateField
from hydra_llm.systems.streams import stream
from hydra_llm.systems.trajectory import check_finite, integrate, segments

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class SignalSystem:
    """The network of rate_field.py, recorded every delta_t for three splits. Build it with signal_system().

    The true weights and types are drawn once from their streams; every split has a stream of its own for initial
    state, process noise, measurement noise and input.
    """

    keys: Mapping[str, Any]
    seed: int
    n_units: int
    connectivity: Connectivity
    types: tuple[NeuronType, ...]
    shuffle_types: bool
    phi: str
    external: ExternalInput | None
    external_mode: str
    noise: ProcessNoise
    measurement_noise_level: float
    initial_state_scale: float
    integrator: Integrator
    delta_t: float  # the recording step
    substeps: int
    burn_in: int  # frames before the first recorded one
    n_frames: Mapping[str, int]
    dtype: str

    name = "signal"
    independent_segments = False

    def __post_init__(self) -> None:
        if self.n_units < 2:
            raise ValueError(f"n_neurons={self.n_units} makes no network. Choose at least 2.")
        if not self.delta_t > 0:
            raise ValueError(f"delta_t={self.delta_t} is a recording step in units of time: choose it > 0.")
        if self.substeps < 1:
            raise ValueError(f"substeps={self.substeps} has to be at least 1.")
        if self.burn_in < 0:
            raise ValueError(f"start_frame={-self.burn_in} would start after the first recorded frame. Choose <= 0.")
        for split in SPLITS:
            if self.n_frames[split] < 2:
                raise ValueError(f"The {split} split has {self.n_frames[split]} frames. Record at least 2.")
        if not self.measurement_noise_level >= 0:
            raise ValueError(f"measurement_noise_level={self.measurement_noise_level} is a standard deviation: >= 0.")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype={self.dtype!r} is not offered. Choose one of: {', '.join(DTYPES)}.")
        if self.external_mode not in MODES:
            raise ValueError(
                f"external_input_mode={self.external_mode!r} is unknown. Choose one of: {', '.join(MODES)}."
            )
        if (self.external is None) != (self.external_mode == "none"):
            raise ValueError(
                "external_input_type and external_input_mode do not fit together: both are 'none' or neither is, "
                f"but external_input_mode={self.external_mode!r}."
            )
        activation(self.phi)

    # ---- truth ----

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        dtype = DTYPES[self.dtype]
        W = self.connectivity.sample(self.n_units, stream(self.seed, "connectivity"), dtype)
        index = type_index(self.n_units, len(self.types), self.shuffle_types, stream(self.seed, "types"))
        rows = torch.tensor([[t.a, t.b, t.g, t.s, t.w, t.h] for t in self.types], dtype=torch.float64)
        gain = rows[index, 2]
        return {
            "connectivity": W,
            "neuron_type": index,
            "type_parameters": rows,
            "spectral_radius": torch.linalg.eigvals(W.double()).abs().max(),
            "gain_spectral_radius": torch.linalg.eigvals(gain[:, None] * W.double()).abs().max(),
        }

    def truth(self) -> dict[str, Tensor]:
        """connectivity W [target, source], neuron_type [neuron], type_parameters [type, (a, b, g, s, w, h)], rho(W),
        rho(g W)."""
        return dict(self._truth)

    def field(self) -> RateField:
        return RateField.from_truth(self._truth, self.phi, self.external_mode, DTYPES[self.dtype])

    # ---- records ----

    def arrays(self) -> dict[str, int]:
        extra = ("external",) if self.external is not None else ()
        names = ("activity", "drift", *extra, *(("clean_activity",) if self.measurement_noise_level > 0 else ()))
        return dict.fromkeys(names, self.n_units)

    def structure(self) -> dict[str, Tensor]:
        """Nothing: any pair of neurons may be connected."""
        return {}

    def observation_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "n_neurons": self.n_units,
            "n_frames": dict(self.n_frames),
            "delta_t": self.delta_t,
            "substeps": self.substeps,
            "integrator": type(self.integrator).__name__.lower(),
            "noise_model_level": self.noise.level,
            "noise_scaling": self.noise.scaling,
            "measurement_noise_level": self.measurement_noise_level,
            "external_input_mode": self.external_mode,
            "dtype": self.dtype,
        }

    def truth_meta(self) -> dict[str, Any]:
        return {"system": self.name, "phi": self.phi, "external_input_mode": self.external_mode}

    # ---- simulation ----

    def segments(self) -> tuple[Segment, ...]:
        return segments(dict(self.n_frames))

    def start(self) -> "SignalRun":
        return SignalRun(self)


class SignalRun:
    """The three trajectories of a system as one batch [split, neuron].

    The batch keeps its three rows to the end, so that the rounding of one trajectory does not depend on the length of
    another; a row whose split is complete rests at zero.
    """

    def __init__(self, system: SignalSystem) -> None:
        self._system = system
        self._field = system.field()
        self._dtype = DTYPES[system.dtype]
        seed, n = system.seed, system.n_units
        draws = system.noise.draws_per_frame(system.substeps)
        self._process_noise = {s: NormalFrames(stream(seed, f"process_noise/{s}"), (draws, n)) for s in SPLITS}
        self._measurement_noise = {s: NormalFrames(stream(seed, f"measurement_noise/{s}"), (n,)) for s in SPLITS}
        self._presentations: dict[str, Presentation] = {}
        if system.external is not None:
            for split in SPLITS:
                generator = stream(seed, f"external_input/{split}")
                present = system.external.draw(n, system.n_frames[split], system.delta_t, generator)
                self._presentations[split] = present
        initial = [torch.randn(n, generator=stream(seed, f"initial_state/{s}"), dtype=torch.float64) for s in SPLITS]
        self._state = (system.initial_state_scale * torch.stack(initial)).to(self._dtype)
        self._frame = -system.burn_in

    @torch.inference_mode()
    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        if self._frame < 0:
            self._integrate(Segment(SPLITS, self._frame, 0))
        if segment.start != self._frame:
            raise ValueError(
                f"The run is at frame {self._frame}, the segment starts at {segment.start}. Keep the order."
            )
        activity, drift, external = self._integrate(segment)
        recordings = []
        for split in segment.splits:
            row = SPLITS.index(split)
            state, level = activity[:, row], self._system.measurement_noise_level
            noisy = state + level * self._measurement_noise[split].take(len(state)).to(state) if level > 0 else None
            recordings.append(
                Recording(
                    split=split,
                    start=segment.start,
                    activity=state if noisy is None else noisy,
                    drift=drift[:, row],
                    external=None if external is None else external[:, row],
                    clean_activity=None if noisy is None else state,
                )
            )
        return tuple(recordings)

    def _integrate(self, segment: Segment) -> tuple[Tensor, Tensor, Tensor | None]:
        system, n_frames = self._system, segment.stop - segment.start
        for row, split in enumerate(SPLITS):
            if split not in segment.splits:
                self._state[row] = 0
        external = self._external(segment)
        activity, drift, self._state = integrate(
            self._field,
            system.integrator,
            self._state,
            n_frames,
            system.delta_t,
            system.substeps,
            external,
            self._noise(segment),
        )
        self._frame = segment.stop
        recorded = [SPLITS.index(split) for split in segment.splits]
        check_finite(activity[:, recorded], segment.splits, segment.start, system.delta_t)
        return activity, drift, external

    def _noise(self, segment: Segment) -> Tensor | None:
        """Scaled process noise [frame, draw, split, neuron], each split from its own stream."""
        system = self._system
        draws = system.noise.draws_per_frame(system.substeps)
        if draws == 0:
            return None
        n_frames = segment.stop - segment.start
        noise = torch.zeros((n_frames, draws, len(SPLITS), system.n_units), dtype=self._dtype)
        for split in segment.splits:
            noise[:, :, SPLITS.index(split)] = self._process_noise[split].take(n_frames).to(self._dtype)
        return noise.mul_(system.noise.standard_deviation(system.delta_t, system.substeps))

    def _external(self, segment: Segment) -> Tensor | None:
        """The input as it enters the drift [frame, split, neuron]: added, or multiplied with the synaptic input.

        A multiplicative input of zero leaves the network alone: the factor is one plus what is presented.
        """
        if not self._presentations:
            return None
        shape = (segment.stop - segment.start, len(SPLITS), self._system.n_units)
        external = torch.zeros(shape, dtype=self._dtype)
        for split in segment.splits:
            external[:, SPLITS.index(split)] = self._presentations[split](segment.start, segment.stop).to(self._dtype)
        return external.add_(1) if self._field.multiplicative else external
