"""A metabolic network with its experiment: truth, three trajectories, input and noise."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor

from hydra_llm.choice import check_choice
from hydra_llm.families.metabolism.config import MetabolismSimulation
from hydra_llm.families.metabolism.system.homeostasis import BASELINE_MODES, Circadian, HomeostasisTypes, type_blocks
from hydra_llm.families.metabolism.system.kinetics import MassAction, RateLaw
from hydra_llm.families.metabolism.system.modulation import Modulation, Presentation
from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.reaction_field import ReactionField
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.configured import ConfiguredSystem
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES
from hydra_llm.systems.split_run import SplitRun, training_spread


@dataclass(frozen=True)
class MetabolismSystem(ConfiguredSystem):
    """The field of reaction_field.py, recorded every delta_t for three splits. Build it with metabolism_system().

    Network, rate constants and types are drawn once from their streams; every split has a stream of its own for initial
    concentrations, process noise, measurement noise and modulation.
    """

    config: MetabolismSimulation
    draw_network: Callable[[Generator], ReactionNetwork]
    law: RateLaw
    circadian: Circadian | None
    modulation: Modulation | None

    name = "metabolism"

    def __post_init__(self) -> None:
        if self.n_units < 2:
            raise ValueError(f"n_metabolites must be at least 2, got {self.n_units}.")
        super().__post_init__()
        config = self.config
        check_choice("baseline_mode", config.baseline_mode, BASELINE_MODES)
        low, high = config.concentration_min, config.concentration_max
        if not 0 <= low <= high:
            raise ValueError(
                f"concentration_min must be at least 0 and at most concentration_max, got {low} and {high}."
            )
        if config.log_k_min > config.log_k_max:
            raise ValueError(f"log_k_min must be at most log_k_max, got {config.log_k_min} and {config.log_k_max}.")
        if self.circadian is not None and self.modulation is not None:
            raise ValueError(
                "A recording has one known input, the clock or the modulation, but both circadian_amplitude and "
                "external_input_type were set. Set one of them to 0 or 'none'."
            )
        self.network()  # a network that cannot be built is an error before anything runs

    @property
    def n_units(self) -> int:
        return self.config.n_metabolites

    @property
    def burn_in(self) -> int:
        return -self.config.start_frame

    @property
    def input_mode(self) -> str:
        if self.circadian is not None:
            return "clock"
        return "none" if self.modulation is None else self.modulation.mode

    @property
    def n_input_columns(self) -> int:
        return 1 if self.input_mode == "clock" else self.n_units

    # ---- truth ----

    @cached_property
    def _network(self) -> ReactionNetwork:
        return self.draw_network(stream(self.seed, "stoichiometry"))

    def network(self) -> ReactionNetwork:
        return self._network

    @cached_property
    def initial_state(self) -> Tensor:
        """c(0) [split, metabolite] ~ U(concentration_min, concentration_max), before any burn-in."""
        low, high = self.config.concentration_min, self.config.concentration_max
        drawn = [
            torch.rand(self.n_units, generator=stream(self.seed, f"initial_state/{split}"), dtype=torch.float64)
            for split in SPLITS
        ]
        return low + (high - low) * torch.stack(drawn)

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        low, high, n_types = self.config.log_k_min, self.config.log_k_max, self.config.n_metabolite_types
        generator = stream(self.seed, "rate_constants")
        drawn = torch.rand(self.network().n_reactions, generator=generator, dtype=torch.float64)
        types = HomeostasisTypes.of(self.config, stream(self.seed, "types"))
        index = type_blocks(self.n_units, n_types)
        baseline = types.baseline[index]
        if self.config.baseline_mode == "initial":  # what regulation defends is the organism's, not the trajectory's
            baseline = self.initial_state[SPLITS.index("train")].clone()
        return {
            "log_k": low + (high - low) * drawn,
            "metabolite_type": index,
            "homeostatic_lambda": types.rate[index],
            "homeostatic_baseline": baseline,
            "type_lambda": types.rate,
            "type_baseline": torch.stack([baseline[index == t].mean() for t in range(n_types)]),
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

    def field(self, dtype: torch.dtype | None = None) -> ReactionField:
        """The law, in the precision of the recording where none is named."""
        return ReactionField.from_truth(self._truth, self.structure(), self._law(), dtype or DTYPES[self.dtype])

    @torch.no_grad()
    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        return self.field(activity.dtype)(activity, external, torch.empty_like(activity))

    # ---- records ----

    def observation_meta(self) -> dict[str, Any]:
        return {**super().observation_meta(), "n_reactions": self.network().n_reactions}

    def truth_meta(self) -> dict[str, Any]:
        return {**super().truth_meta(), **self._law()}

    def _law(self) -> dict[str, Any]:
        """What ReactionField.from_truth reads of the record."""
        return {
            "external_input_mode": self.input_mode,
            "use_mass_action": isinstance(self.law, MassAction),
            "half_saturation": getattr(self.law, "half_saturation", 1.0),
            "circadian_amplitude": 0.0 if self.circadian is None else self.circadian.amplitude,
            "flux_limit_time": self.config.flux_limit_time if self.config.flux_limit else None,
        }

    # ---- simulation ----

    def spread(self) -> float:
        return training_spread(self.start(), self.segments())

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
