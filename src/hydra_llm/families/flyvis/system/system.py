"""The fly's visual system as a System: an eye, its parameters, what it is shown, and how it is recorded.

A recording is made of independent sequences. Each starts from the state of a network adapted to a grey field, so the
sequences of a split are simulated many at a time, and each can be simulated again without the others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from hydra_llm.choice import check_choice
from hydra_llm.families.flyvis.config import FlyvisSimulation
from hydra_llm.families.flyvis.stimuli.base import Stimulus
from hydra_llm.families.flyvis.stimuli.build import build_stimulus
from hydra_llm.families.flyvis.system.connectome import Connectome
from hydra_llm.families.flyvis.system.observed_graph import (
    ObservedGraph,
    draw_null_edges,
    kept_edges,
    observe,
    recorded_part,
)
from hydra_llm.families.flyvis.system.parameters import Parameters
from hydra_llm.families.flyvis.system.run import SEGMENT_BYTES, FlyvisRun, sequences_at_once
from hydra_llm.families.flyvis.system.source import cache_folder
from hydra_llm.families.flyvis.system.type_groups import group_of
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.configured import ConfiguredSystem, identity
from hydra_llm.systems.hidden_units import hidden_units
from hydra_llm.systems.measurement import pooled_spread
from hydra_llm.systems.random_streams import stream
from hydra_llm.systems.recording import DTYPES

TAU_MODES = ("unclamped", "clamped")
LARGEST_STEP = 1.5  # of the shortest tau: beyond it the network rings, from 1.8 on it diverges
PILOT = 8  # sequences whose voltages say how large a relative measurement noise is
LARGEST_SUBSTEP = {"euler": 0.01, "rk4": 0.0025}  # seconds, where substeps is left open
PLACES = ("connectome", "parameters", "davis_root", "stimulus_folder", "device")  # where things lie, not what they are


@dataclass(frozen=True)
class FlyvisSystem(ConfiguredSystem):
    """An eye with everything that a recording depends on. Build it with flyvis_system().

    connectome_sha256: of the file that the connectome was built from. device: where the integration runs.
    segment_bytes: what one recorded array of a segment may take; changes no number.
    """

    config: FlyvisSimulation
    connectome: Connectome
    connectome_sha256: str
    parameters: Parameters
    device: torch.device
    segment_bytes: int = SEGMENT_BYTES

    name = "flyvis"
    independent_segments = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.config.ablation_ratio < 1:
            raise ValueError(f"ablation_ratio must be at least 0 and below 1, got {self.config.ablation_ratio}.")
        check_choice("tau_mode", self.config.tau_mode, TAU_MODES)
        dt, shortest = self.delta_t / self.substeps, float(self._tau.min())
        if dt > LARGEST_STEP * shortest:
            raise ValueError(
                f"The integration step must be at most {LARGEST_STEP} times the shortest time constant ({shortest:.3g} "
                f"s), or the network rings or diverges; delta_t={self.delta_t} in substeps={self.substeps} makes "
                f"{dt:.3g} s. Choose substeps >= {-int(-self.delta_t // shortest)}, or tau_mode=clamped."
            )
        self.sequence_lengths("train")  # a missing stimulus is an error now
        _ = self.hidden  # what cannot be hidden too

    @property
    def keys(self) -> Mapping[str, Any]:
        """What things are, not where they lie."""
        parts = {"connectome": self.connectome_sha256, "parameters": self.parameters.origin, **self.stimulus.keys}
        return {**identity(self.config, but=PLACES), **parts}

    @property
    def n_units(self) -> int:
        return self.connectome.n_neurons

    @cached_property
    def hidden(self) -> Tensor:
        """Whether each neuron is hidden [neuron]."""
        how, types = self.config, torch.from_numpy(self.connectome.neuron_type)
        names = self.connectome.type_names
        return hidden_units(how.n_hidden_neurons, how.hidden, types, names, stream(self.seed, "hidden_units"))

    @property
    def substeps(self) -> int:
        chosen = self.config.substeps
        if chosen is not None:
            return chosen
        check_choice("integrator", self.config.integrator, LARGEST_SUBSTEP)
        return max(1, math.ceil(self.delta_t / LARGEST_SUBSTEP[self.config.integrator] - 1e-9))

    @property
    def input_mode(self) -> str:
        return "additive"

    @property
    def n_input_columns(self) -> int:
        return len(self.connectome.input_index)

    @cached_property
    def stimulus(self) -> Stimulus:
        return build_stimulus(self.config, cache_folder())

    # ---- truth ----

    @cached_property
    def _tau(self) -> Tensor:
        """Time constants [neuron] as the integrator uses them, seconds."""
        tau = self.parameters.time_const[torch.from_numpy(self.connectome.neuron_type)]
        return tau.clamp(min=self.delta_t) if self.config.tau_mode == "clamped" else tau

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        connectome, dtype = self.connectome, DTYPES[self.dtype]
        types = torch.from_numpy(connectome.neuron_type)
        W = self.parameters.weights(connectome)
        draw = torch.randperm(len(W), generator=stream(self.seed, "ablation"))
        ablated = torch.zeros(len(W), dtype=torch.bool)
        ablated[draw[: int(self.config.ablation_ratio * len(W))]] = True
        return {
            "edge_index": torch.from_numpy(connectome.edge_index),
            "W": W.masked_fill(ablated, 0).to(dtype),
            "tau": self._tau.to(dtype),
            "v_rest": self.parameters.bias[types].to(dtype),
            "neuron_type": types,
            "observed_edge": self.observed.true_edge[self._recorded_edges],
            "ablated_edge": ablated,
        }

    def truth(self) -> dict[str, Tensor]:
        """edge_index [(source, target), edge], W [edge], tau [neuron] in seconds, v_rest [neuron], neuron_type
        [neuron], observed_edge [observed edge] (number of the true edge or -1), ablated_edge [edge]; hidden [neuron],
        where a neuron is, and observed_edge then of edges between recorded neurons."""
        return {**self._truth, "hidden": self.hidden} if self.hidden.any() else dict(self._truth)

    def truth_meta(self) -> dict[str, Any]:
        names = self.connectome.type_names
        return {
            **super().truth_meta(),
            "type_names": list(names),
            "groups": {name: group_of(name) for name in names},
            "outputs": list(self.connectome.outputs),
            "parameters": self.parameters.origin,
            "tau_mode": self.config.tau_mode,
        }

    def field(self, device: torch.device, dtype: torch.dtype | None = None) -> VoltageField:
        """The law, in the precision of the recording where none is named."""
        input_index = torch.from_numpy(self.connectome.input_index)
        return VoltageField.from_truth(self._truth, input_index, dtype or DTYPES[self.dtype], device)

    @cached_property
    def _laws(self) -> dict[torch.dtype, VoltageField]:
        """Fields that drift() has needed: sorting the synapses costs more than a derivative."""
        return {}

    @torch.no_grad()
    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        state = activity.T.contiguous().to(self.device)
        light = None if external is None else external.T.contiguous().to(self.device)
        if state.dtype not in self._laws:
            self._laws[state.dtype] = self.field(self.device, state.dtype)
        return self._laws[state.dtype](state, light, torch.empty_like(state)).T.cpu()

    # ---- records ----

    @cached_property
    def observed(self) -> ObservedGraph:
        """The graph that a model is given."""
        edges, n, how = torch.from_numpy(self.connectome.edge_index), self.n_units, self.config
        hiding, adding = stream(self.seed, "hidden_edges"), stream(self.seed, "null_edges")
        kept = kept_edges(edges, n, how.edge_removal_ratio, how.edge_removal_mode, hiding)
        return observe(edges, kept, draw_null_edges(edges, n, how.n_extra_null_edges, how.null_edges_mode, adding))

    @cached_property
    def _recorded_edges(self) -> Tensor:
        """Observed edges [edge] between recorded neurons."""
        return (~self.hidden[self.observed.edge_index].any(dim=0)).nonzero().ravel()

    def structure(self) -> dict[str, Tensor]:
        """edge_index [(source, target), observed edge], input_index [input] (neuron of each column of external),
        column [neuron, (u, v)], sequence_start_<split> [sequence].

        Where neurons are hidden, these are of the recorded ones, numbered anew, and the wiring diagram of all stands
        beside them (PartialEye)."""
        starts = {f"sequence_start_{split}": torch.tensor(self.sequence_starts(split)[:-1]) for split in SPLITS}
        whole = {
            "edge_index": self.observed.edge_index,
            "input_index": torch.from_numpy(self.connectome.input_index),
            "column": torch.from_numpy(self.connectome.column),
        }
        recorded = self.recorded_units
        return {**(whole if recorded is None else recorded_part(whole, recorded, self._recorded_edges)), **starts}

    def observation_meta(self) -> dict[str, Any]:
        own = {"extent": self.config.extent, "visual_input_type": self.config.visual_input_type}
        return {**super().observation_meta(), **own}

    # ---- simulation ----

    def spread(self) -> float:
        """Of the first training sequences: a pilot, since a long recording is never in one place at one time."""
        starts = self.sequence_starts("train")
        pilot = Segment(("train",), 0, starts[min(PILOT, len(starts) - 1)])
        return pooled_spread([self.start().states(pilot)[0]])

    @cached_property
    def _lengths(self) -> dict[str, tuple[int, ...]]:
        return {split: self.stimulus.lengths(split, self.n_frames[split]) for split in SPLITS}

    def sequence_lengths(self, split: str) -> tuple[int, ...]:
        """Frames of each sequence."""
        return self._lengths[split]

    def sequence_starts(self, split: str) -> tuple[int, ...]:
        """First frame of each sequence, and the end of the last one."""
        return (0, *accumulate(self.sequence_lengths(split)))

    def segments(self) -> tuple[Segment, ...]:
        """Groups of neighbouring sequences of one split, as many as are simulated at once."""
        cut: list[Segment] = []
        for split in SPLITS:
            starts = self.sequence_starts(split)
            group = sequences_at_once(
                self.n_units, max(self.sequence_lengths(split)), DTYPES[self.dtype], self.segment_bytes
            )
            ends = [*starts[group:-1:group], starts[-1]]
            cut += [Segment((split,), a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        return tuple(cut)

    def start(self) -> FlyvisRun:
        return FlyvisRun(self)
