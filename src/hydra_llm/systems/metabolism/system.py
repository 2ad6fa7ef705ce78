"""A metabolic network with its experiment: truth, three trajectories, input and noise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor

from hydra_llm.systems.base import SPLITS, Recording, Segment
from hydra_llm.systems.integrators import Integrator
from hydra_llm.systems.metabolism.homeostasis import BASELINE_MODES, Circadian, HomeostasisTypes, type_blocks
from hydra_llm.systems.metabolism.kinetics import MassAction, RateLaw
from hydra_llm.systems.metabolism.modulation import Modulation, Presentation
from hydra_llm.systems.metabolism.network import ReactionNetwork
from hydra_llm.systems.metabolism.reaction_field import ReactionField
from hydra_llm.systems.noise import NormalFrames, ProcessNoise
from hydra_llm.systems.streams import stream
from hydra_llm.systems.trajectory import check_finite, integrate, segments

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class MetabolismSystem:
    """The field of reaction_field.py, recorded every delta_t for three splits. Build it with metabolism_system().

    Network, rate constants and types are drawn once from their streams; every split has a stream of its own for initial
    concentrations, process noise, measurement noise and modulation.
    """

    keys: Mapping[str, Any]
    seed: int
    n_units: int  # metabolites
    n_types: int
    draw_network: Callable[[Generator], ReactionNetwork]
    log_k_range: tuple[float, float]
    law: RateLaw
    draw_types: Callable[[Generator], HomeostasisTypes]
    baseline_mode: str
    circadian: Circadian | None
    modulation: Modulation | None
    flux_limit: bool
    concentration_range: tuple[float, float]
    noise: ProcessNoise
    measurement_noise_level: float
    integrator: Integrator
    delta_t: float  # the recording step
    substeps: int
    burn_in: int  # frames before the first recorded one
    n_frames: Mapping[str, int]
    dtype: str

    name = "metabolism"
    independent_segments = False

    def __post_init__(self) -> None:
        if self.n_units < 2:
            raise ValueError(f"n_metabolites={self.n_units} makes no network. Choose at least 2.")
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
        if self.baseline_mode not in BASELINE_MODES:
            raise ValueError(
                f"baseline_mode={self.baseline_mode!r} is unknown. Choose one of: {', '.join(BASELINE_MODES)}."
            )
        low, high = self.concentration_range
        if not 0 <= low <= high:
            raise ValueError(
                f"concentration_min={low} and concentration_max={high} bound the initial concentrations: "
                "choose 0 <= concentration_min <= concentration_max."
            )
        if self.log_k_range[0] > self.log_k_range[1]:
            raise ValueError(f"log_k_min={self.log_k_range[0]} exceeds log_k_max={self.log_k_range[1]}.")
        if self.circadian is not None and self.modulation is not None:
            raise ValueError(
                "circadian_amplitude and external_input_type were both set: a recording has one known input, the clock "
                "or the modulation. Set one of them to 0 or 'none'."
            )
        self.network()  # a network that cannot be built is told before anything runs

    # ---- truth ----

    @cached_property
    def _network(self) -> ReactionNetwork:
        return self.draw_network(stream(self.seed, "stoichiometry"))

    def network(self) -> ReactionNetwork:
        return self._network

    @property
    def input_mode(self) -> str:
        if self.circadian is not None:
            return "clock"
        return "none" if self.modulation is None else self.modulation.mode

    @cached_property
    def initial_state(self) -> Tensor:
        """c(0) [split, metabolite] ~ U(concentration_min, concentration_max), before any burn-in."""
        low, high = self.concentration_range
        drawn = [
            torch.rand(self.n_units, generator=stream(self.seed, f"initial_state/{split}"), dtype=torch.float64)
            for split in SPLITS
        ]
        return low + (high - low) * torch.stack(drawn)

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        low, high = self.log_k_range
        generator = stream(self.seed, "rate_constants")
        drawn = torch.rand(self.network().n_reactions, generator=generator, dtype=torch.float64)
        types = self.draw_types(stream(self.seed, "types"))
        index = type_blocks(self.n_units, self.n_types)
        baseline = types.baseline[index]
        if self.baseline_mode == "initial":  # what regulation defends is the organism's, not the trajectory's
            baseline = self.initial_state[SPLITS.index("train")].clone()
        return {
            "log_k": low + (high - low) * drawn,
            "metabolite_type": index,
            "homeostatic_lambda": types.rate[index],
            "homeostatic_baseline": baseline,
            "type_lambda": types.rate,
            "type_baseline": torch.stack([baseline[index == t].mean() for t in range(self.n_types)]),
            "stoichiometry": self.network().stoichiometry,
        }

    def truth(self) -> dict[str, Tensor]:
        """log_k [reaction] (log10), metabolite_type [metabolite], homeostatic_lambda and _baseline [metabolite],
        type_lambda and type_baseline [type], stoichiometry [metabolite, reaction]."""
        return dict(self._truth)

    def structure(self) -> dict[str, Tensor]:
        """The reactions as a textbook lists them: net stoichiometry and substrate_orders [metabolite, reaction]."""
        network = self.network()
        return {"stoichiometry": network.stoichiometry, "substrate_orders": network.orders}

    def field(self) -> ReactionField:
        return ReactionField.from_truth(self._truth, self.structure(), self.truth_meta(), DTYPES[self.dtype])

    # ---- records ----

    def arrays(self) -> dict[str, int]:
        widths = {"activity": self.n_units, "drift": self.n_units}
        if self.input_mode != "none":
            widths["external"] = 1 if self.input_mode == "clock" else self.n_units
        if self.measurement_noise_level > 0:
            widths["clean_activity"] = self.n_units
        return widths

    def observation_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "n_neurons": self.n_units,
            "n_reactions": self.network().n_reactions,
            "n_frames": dict(self.n_frames),
            "delta_t": self.delta_t,
            "substeps": self.substeps,
            "integrator": type(self.integrator).__name__.lower(),
            "noise_model_level": self.noise.level,
            "noise_scaling": self.noise.scaling,
            "measurement_noise_level": self.measurement_noise_level,
            "external_input_mode": self.input_mode,
            "dtype": self.dtype,
        }

    def truth_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "use_mass_action": isinstance(self.law, MassAction),
            "half_saturation": getattr(self.law, "half_saturation", 1.0),
            "circadian_amplitude": 0.0 if self.circadian is None else self.circadian.amplitude,
            "flux_limit_dt": self.delta_t / self.substeps if self.flux_limit else None,
            "external_input_mode": self.input_mode,
        }

    # ---- simulation ----

    def segments(self) -> tuple[Segment, ...]:
        return segments(dict(self.n_frames))

    def start(self) -> "MetabolismRun":
        return MetabolismRun(self)


class MetabolismRun:
    """The three trajectories of a system as one batch [split, metabolite].

    The batch keeps its three rows to the end, so that the rounding of one trajectory does not depend on the length of
    another; a row whose split is complete rests at zero.
    """

    def __init__(self, system: MetabolismSystem) -> None:
        self._system = system
        self._field = system.field()
        self._dtype = DTYPES[system.dtype]
        seed, n = system.seed, system.n_units
        draws = system.noise.draws_per_frame(system.substeps)
        self._process_noise = {s: NormalFrames(stream(seed, f"process_noise/{s}"), (draws, n)) for s in SPLITS}
        self._measurement_noise = {s: NormalFrames(stream(seed, f"measurement_noise/{s}"), (n,)) for s in SPLITS}
        self._presentations: dict[str, Presentation] = {}
        if system.modulation is not None:
            for split in SPLITS:
                self._presentations[split] = system.modulation.draw(n, stream(seed, f"external_input/{split}"))
        self._state = system.initial_state.to(self._dtype)
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
            floor=0.0,
        )
        self._frame = segment.stop
        recorded = [SPLITS.index(split) for split in segment.splits]
        check_finite(activity[:, recorded], segment.splits, segment.start, system.delta_t)
        return activity, drift, external

    def _noise(self, segment: Segment) -> Tensor | None:
        """Scaled process noise [frame, draw, split, metabolite], each split from its own stream."""
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
        """The known input [frame, split, column]: the clock in one column, or the modulation of every metabolite."""
        system = self._system
        if system.circadian is not None:
            clock = system.circadian.clock(segment.start, segment.stop).to(self._dtype)
            return clock[:, None, None].expand(-1, len(SPLITS), 1)
        if system.modulation is None:
            return None
        shape = (segment.stop - segment.start, len(SPLITS), system.n_units)
        external = torch.full(shape, system.modulation.neutral, dtype=self._dtype)
        for split in segment.splits:
            signal = self._presentations[split](segment.start, segment.stop, system.delta_t)
            external[:, SPLITS.index(split)] = signal.to(self._dtype)
        return external
