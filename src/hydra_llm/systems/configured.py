"""A system that is described by a config object: what the experiments of all families share."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from hydra_llm.systems.base import Segment
from hydra_llm.systems.integrators import Integrator, integrator
from hydra_llm.systems.measurement import MeasurementNoise
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.recording import check_recording, plain, split_lengths
from hydra_llm.systems.trajectory import segments


class RecordingConfig(Protocol):
    """The keys of conf/simulation that say how a system is recorded; a family's own come on top.

    substeps: None where the family chooses them.
    """

    n_frames: int
    n_frames_validation: int | None
    n_frames_test: int | None
    delta_t: float
    integrator: str
    dtype: str
    seed: int
    noise_model_level: float
    noise_scaling: str
    measurement_noise_level: float
    measurement_noise_unit: str

    @property
    def substeps(self) -> int | None: ...


def identity(config: Any, but: Collection[str] = ()) -> dict[str, Any]:
    """The keys of a config object as JSON writes them, which name its recording; `but` holds those that do not."""
    left_out = {"_target_", *but}
    return {f.name: plain(getattr(config, f.name)) for f in fields(config) if f.name not in left_out}


@dataclass(frozen=True)
class ConfiguredSystem(ABC):
    """What the keys of a System decide alone. A family adds truth, structure, n_units, drift(), spread() and start().

    Raises ValueError with a sentence for the first key that describes no recording.
    """

    config: RecordingConfig

    name: ClassVar[str]
    independent_segments: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_recording(self)
        _ = self.noise, self.measurement_noise, self.integrator  # an unknown name is an error before anything runs

    @property
    def keys(self) -> Mapping[str, Any]:
        return identity(self.config)

    @property
    def seed(self) -> int:
        return self.config.seed

    @property
    @abstractmethod
    def n_units(self) -> int: ...

    @property
    def hidden(self) -> Tensor:
        """Whether each unit is simulated and not recorded [unit]; none, unless a family hides some."""
        return torch.zeros(self.n_units, dtype=torch.bool)

    @property
    def recorded_units(self) -> Tensor | None:
        """Units [recorded] whose states are recorded, ascending; None: all of them."""
        hidden = self.hidden
        return (~hidden).nonzero().ravel() if hidden.any() else None

    @property
    def n_recorded(self) -> int:
        recorded = self.recorded_units
        return self.n_units if recorded is None else len(recorded)

    # ---- recording ----

    @property
    def delta_t(self) -> float:
        """The recording step."""
        return self.config.delta_t

    @property
    def substeps(self) -> int:
        """Integration steps per recorded frame; a family that chooses them overrides this."""
        assert self.config.substeps is not None
        return self.config.substeps

    @property
    def burn_in(self) -> int:
        """Frames before the first recorded one."""
        return 0

    @property
    def n_frames(self) -> Mapping[str, int]:
        config = self.config
        return split_lengths(config.n_frames, config.n_frames_validation, config.n_frames_test)

    @property
    def dtype(self) -> str:
        return self.config.dtype

    @property
    def noise(self) -> ProcessNoise:
        return ProcessNoise(self.config.noise_model_level, self.config.noise_scaling)

    @property
    def measurement_noise(self) -> MeasurementNoise:
        return MeasurementNoise(self.config.measurement_noise_level, self.config.measurement_noise_unit)

    @property
    def measurement_noise_sd(self) -> float:
        """Standard deviation of the noise on the recorded states, in their units. A relative one costs a pilot."""
        return self._measurement_noise_sd

    @cached_property
    def _measurement_noise_sd(self) -> float:
        noise = self.measurement_noise
        return noise.level * self.spread() if noise.unit == "relative" and noise.level > 0 else noise.level

    @abstractmethod
    def spread(self) -> float:
        """Standard deviation of the states of the training trajectory, each unit about its own mean, pooled."""

    @property
    def integrator(self) -> Integrator:
        return integrator(self.config.integrator)

    @property
    def input_mode(self) -> str:
        """How a known external input enters the drift; none: there is none."""
        return "none"

    @property
    def n_input_columns(self) -> int:
        """Width of the recorded external input, where there is one."""
        return self.n_units

    # ---- records ----

    def arrays(self) -> dict[str, int]:
        widths = {"activity": self.n_recorded}
        if self.input_mode != "none":
            widths["external"] = self.n_input_columns
        if self.measurement_noise.level > 0 or self.recorded_units is not None:
            widths["clean_activity"] = self.n_units
        return widths

    def observation_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "n_neurons": self.n_recorded,
            "n_frames": dict(self.n_frames),
            "delta_t": self.delta_t,
            "external_input_mode": self.input_mode,
            "dtype": self.dtype,
        }

    def truth_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "external_input_mode": self.input_mode,
            "integrator": self.config.integrator,
            "substeps": self.substeps,
            "noise_model_level": self.noise.level,
            "noise_scaling": self.noise.scaling,
            "measurement_noise_level": self.measurement_noise.level,
            "measurement_noise_unit": self.measurement_noise.unit,
            "measurement_noise_sd": self.measurement_noise_sd,
        }

    def segments(self) -> tuple[Segment, ...]:
        return segments(dict(self.n_frames))
