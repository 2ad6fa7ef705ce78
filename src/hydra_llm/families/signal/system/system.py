"""A random rate network with its experiment: truth, three trajectories, input and noise."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hydra_llm.choice import check_choice
from hydra_llm.families.signal.config import SignalSimulation
from hydra_llm.families.signal.system.activation import activation
from hydra_llm.families.signal.system.connectivity import Connectivity
from hydra_llm.families.signal.system.external_input import ExternalInput, Presentation
from hydra_llm.families.signal.system.neuron_types import NeuronType, type_index
from hydra_llm.families.signal.system.rate_field import MODES, RateField
from hydra_llm.systems.base import SPLITS, Recording, Segment
from hydra_llm.systems.configured import ConfiguredSystem
from hydra_llm.systems.hidden_units import RECORDED_INPUT, hidden_units, partly
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES
from hydra_llm.systems.split_run import SplitRun, training_spread


@dataclass(frozen=True)
class SignalSystem(ConfiguredSystem):
    """The network of rate_field.py, recorded every delta_t for three splits. Build it with signal_system().

    The true weights and types are drawn once from their streams; every split has a stream of its own for initial
    state, process noise, measurement noise and input.
    """

    config: SignalSimulation
    connectivity: Connectivity
    types: tuple[NeuronType, ...]
    external: ExternalInput | None

    name = "signal"

    def __post_init__(self) -> None:
        if self.n_units < 2:
            raise ValueError(f"n_neurons must be at least 2, got {self.n_units}.")
        super().__post_init__()
        check_choice("external_input_mode", self.input_mode, MODES)
        if (self.external is None) != (self.input_mode == "none"):
            raise ValueError(
                "external_input_type and external_input_mode must be 'none' together or not at all, got "
                f"external_input_mode={self.input_mode!r}."
            )
        activation(self.config.phi)
        _ = self.hidden  # what cannot be hidden is an error now

    @property
    def n_units(self) -> int:
        return self.config.n_neurons

    @property
    def burn_in(self) -> int:
        return -self.config.start_frame

    @property
    def input_mode(self) -> str:
        return self.config.external_input_mode

    @cached_property
    def hidden(self) -> Tensor:
        """Whether each neuron is hidden [neuron]."""
        how = self.config
        types = type_index(self.n_units, len(self.types), how.shuffle_neuron_types, stream(self.seed, "types"))
        names = [str(number) for number in range(len(self.types))]
        return hidden_units(how.n_hidden_neurons, how.hidden, types, names, stream(self.seed, "hidden_units"))

    # ---- truth ----

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        dtype = DTYPES[self.dtype]
        W = self.connectivity.sample(self.n_units, stream(self.seed, "connectivity"), dtype)
        index = type_index(self.n_units, len(self.types), self.config.shuffle_neuron_types, stream(self.seed, "types"))
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
        rho(g W); hidden [neuron], where a neuron is."""
        return {**self._truth, "hidden": self.hidden} if self.hidden.any() else dict(self._truth)

    def field(self, dtype: torch.dtype | None = None) -> RateField:
        """The law, in the precision of the recording where none is named."""
        return RateField.from_truth(self._truth, self.config.phi, self.input_mode, dtype or DTYPES[self.dtype])

    @torch.no_grad()
    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        return self.field(activity.dtype)(activity, external, torch.empty_like(activity))

    # ---- records ----

    def structure(self) -> dict[str, Tensor]:
        """Of the connections nothing: any pair of neurons may be connected. Where neurons are hidden, recorded_input
        names the columns of external that the others receive."""
        recorded = self.recorded_units
        return {} if recorded is None or self.input_mode == "none" else {RECORDED_INPUT: recorded}

    def truth_meta(self) -> dict[str, Any]:
        return {**super().truth_meta(), "phi": self.config.phi}

    # ---- simulation ----

    def spread(self) -> float:
        return training_spread(self.start(), self.segments())

    def start(self) -> "SignalRun":
        return SignalRun(self)


class SignalRun(SplitRun):
    """A run from random initial states, with the input that was drawn for each split."""

    def __init__(self, system: SignalSystem) -> None:
        seed, n, field = system.seed, system.n_units, system.field()
        initial = [torch.randn(n, generator=stream(seed, f"initial_state/{s}"), dtype=torch.float64) for s in SPLITS]
        super().__init__(system, field, system.config.initial_state_scale * torch.stack(initial), floor=None)
        self._n_units, self._multiplicative, self._recorded = n, field.multiplicative, system.recorded_units
        self._presentations: dict[str, Presentation] = {}
        if system.external is not None:
            for split in SPLITS:
                generator = stream(seed, f"external_input/{split}")
                present = system.external.draw(n, system.n_frames[split], system.delta_t, generator)
                self._presentations[split] = present

    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        return tuple(partly(recording, self._recorded) for recording in super().advance(segment))

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
