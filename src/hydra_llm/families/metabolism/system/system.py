"""A metabolic network with its experiment: truth, three trajectories, input and noise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor

from hydra_llm.families.metabolism.system.homeostasis import BASELINE_MODES, Circadian, HomeostasisTypes, type_blocks
from hydra_llm.families.metabolism.system.kinetics import MassAction, RateLaw
from hydra_llm.families.metabolism.system.modulation import Modulation, Presentation
from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.reaction_field import ReactionField
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.integrators import Integrator
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES, check_recording
from hydra_llm.systems.split_run import SplitRun
from hydra_llm.systems.trajectory import segments


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
        check_recording(self)
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


class MetabolismRun(SplitRun):
    """A run whose known input is the clock or the modulation."""

    def __init__(self, system: MetabolismSystem) -> None:
        super().__init__(system, system.field(), system.initial_state, floor=0.0)
        self._circadian, self._modulation, self._delta_t = system.circadian, system.modulation, system.delta_t
        self._presentations: dict[str, Presentation] = {}
        if system.modulation is not None:
            for split in SPLITS:
                generator = stream(system.seed, f"external_input/{split}")
                self._presentations[split] = system.modulation.draw(system.n_units, generator)

    def external(self, segment: Segment) -> Tensor | None:
        """[frame, split, column]: the clock in one column, or the modulation of every metabolite."""
        if self._circadian is not None:
            clock = self._circadian.clock(segment.start, segment.stop).to(self.dtype)
            return clock[:, None, None].expand(-1, len(SPLITS), 1)
        if self._modulation is None:
            return None
        signals = []
        for split, present in self._presentations.items():
            signal = present(segment.start, segment.stop, self._delta_t)
            signals.append(signal if split in segment.splits else torch.full_like(signal, self._modulation.neutral))
        return torch.stack(signals, dim=1).to(self.dtype)
