"""A random rate network with its experiment: truth, three trajectories, input and noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hydra_llm.families.signal.system.activation import activation
from hydra_llm.families.signal.system.connectivity import Connectivity
from hydra_llm.families.signal.system.external_input import ExternalInput, Presentation
from hydra_llm.families.signal.system.neuron_types import NeuronType, type_index
from hydra_llm.families.signal.system.rate_field import MODES, RateField
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.integrators import Integrator
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES, check_recording
from hydra_llm.systems.split_run import SplitRun
from hydra_llm.systems.trajectory import segments


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
        check_recording(self)
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


class SignalRun(SplitRun):
    """A run from random initial states, with the input that was drawn for each split."""

    def __init__(self, system: SignalSystem) -> None:
        seed, n, field = system.seed, system.n_units, system.field()
        initial = [torch.randn(n, generator=stream(seed, f"initial_state/{s}"), dtype=torch.float64) for s in SPLITS]
        super().__init__(system, field, system.initial_state_scale * torch.stack(initial), floor=None)
        self._n_units, self._multiplicative = n, field.multiplicative
        self._presentations: dict[str, Presentation] = {}
        if system.external is not None:
            for split in SPLITS:
                generator = stream(seed, f"external_input/{split}")
                present = system.external.draw(n, system.n_frames[split], system.delta_t, generator)
                self._presentations[split] = present

    def external(self, segment: Segment) -> Tensor | None:
        """The input as it enters the drift [frame, split, neuron]: added, or multiplied with the synaptic input.

        A multiplicative input of zero leaves the network alone: the factor is one plus what is presented.
        """
        if not self._presentations:
            return None
        external = torch.zeros((segment.stop - segment.start, len(SPLITS), self._n_units), dtype=self.dtype)
        for split in segment.splits:
            external[:, SPLITS.index(split)] = self._presentations[split](segment.start, segment.stop).to(self.dtype)
        return external.add_(1) if self._multiplicative else external
