"""The fly's visual system as a System: an eye, its parameters, what it is shown, and how it is recorded.

A recording is made of independent sequences. Each starts from the state of a network adapted to a grey field, so the
sequences of a split are simulated many at a time, and each can be simulated again without the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from hydra_llm.families.flyvis.stimuli.base import Stimulus
from hydra_llm.families.flyvis.system.connectome import Connectome
from hydra_llm.families.flyvis.system.observed_graph import ObservedGraph, draw_null_edges, kept_edges, show
from hydra_llm.families.flyvis.system.parameters import Parameters
from hydra_llm.families.flyvis.system.run import FlyvisRun, sequences_at_once
from hydra_llm.families.flyvis.system.type_groups import group_of
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.systems.base import SPLITS, Segment
from hydra_llm.systems.integrators import Integrator
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.random_streams import stream

DTYPES = {"float32": torch.float32, "float64": torch.float64}
TAU_MODES = ("unclamped", "clamped")
LARGEST_STEP = 1.5  # of the shortest tau: beyond it the network rings, from 1.8 on it diverges


@dataclass(frozen=True)
class Perturbation:
    """How the graph that is shown, or the network itself, departs from the connectome."""

    n_extra_null_edges: int
    null_edges_mode: str
    edge_removal_ratio: float
    edge_removal_mode: str
    ablation_ratio: float

    def __post_init__(self) -> None:
        if not 0 <= self.ablation_ratio < 1:
            raise ValueError(f"ablation_ratio={self.ablation_ratio} is a share of the synapses: choose it in [0, 1).")


@dataclass(frozen=True)
class FlyvisSystem:
    """An eye with everything that a recording depends on. delta_t in seconds.

    tau_mode: clamped replaces tau by max(tau, integration step), as flyvis does. device: where the integration runs; it
    is no part of the identity of a recording.
    """

    keys: Mapping[str, Any]
    seed: int
    connectome: Connectome
    parameters: Parameters
    perturbation: Perturbation
    stimulus: Stimulus
    visual_input_type: str
    noise: ProcessNoise
    measurement_noise_level: float
    integrator: Integrator
    delta_t: float
    substeps: int
    tau_mode: str
    n_frames: Mapping[str, int]
    dtype: str
    device: torch.device

    name = "flyvis"
    independent_segments = True

    def __post_init__(self) -> None:
        if self.substeps < 1:
            raise ValueError(f"substeps={self.substeps} has to be at least 1.")
        for split in SPLITS:
            if self.n_frames[split] < 2:
                raise ValueError(f"The {split} split has {self.n_frames[split]} frames. Record at least 2.")
        if not self.measurement_noise_level >= 0:
            raise ValueError(f"measurement_noise_level={self.measurement_noise_level} is a standard deviation: >= 0.")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype={self.dtype!r} is not offered. Choose one of: {', '.join(DTYPES)}.")
        if self.tau_mode not in TAU_MODES:
            raise ValueError(f"tau_mode={self.tau_mode!r} is unknown. Choose one of: {', '.join(TAU_MODES)}.")
        dt, shortest = self.delta_t / self.substeps, float(self._tau.min())
        if dt > LARGEST_STEP * shortest:
            raise ValueError(
                f"delta_t={self.delta_t} in substeps={self.substeps} makes integration steps of {dt:.3g} s, but the "
                f"shortest time constant is {shortest:.3g} s: beyond {LARGEST_STEP} times that the network rings or "
                f"diverges. Choose substeps >= {-int(-self.delta_t // shortest)}, or tau_mode=clamped."
            )
        self.sequence_lengths("train")  # a stimulus that is missing is told now

    @property
    def n_units(self) -> int:
        return self.connectome.n_neurons

    # ---- truth ----

    @cached_property
    def _tau(self) -> Tensor:
        """Time constants [neuron] as the integrator uses them, seconds."""
        tau = self.parameters.time_const[torch.from_numpy(self.connectome.neuron_type)]
        return tau.clamp(min=self.delta_t / self.substeps) if self.tau_mode == "clamped" else tau

    @cached_property
    def _truth(self) -> dict[str, Tensor]:
        connectome, dtype = self.connectome, DTYPES[self.dtype]
        types = torch.from_numpy(connectome.neuron_type)
        W = self.parameters.weights(connectome)
        draw = torch.randperm(len(W), generator=stream(self.seed, "ablation"))
        ablated = torch.zeros(len(W), dtype=torch.bool)
        ablated[draw[: int(self.perturbation.ablation_ratio * len(W))]] = True
        return {
            "edge_index": torch.from_numpy(connectome.edge_index),
            "W": W.masked_fill(ablated, 0).to(dtype),
            "tau": self._tau.to(dtype),
            "v_rest": self.parameters.bias[types].to(dtype),
            "neuron_type": types,
            "shown_edge": self.shown.true_edge,
            "ablated_edge": ablated,
        }

    def truth(self) -> dict[str, Tensor]:
        """edge_index [(source, target), edge], W [edge], tau [neuron] in seconds, v_rest [neuron], neuron_type
        [neuron], shown_edge [shown edge] (number of the true edge or -1), ablated_edge [edge]."""
        return dict(self._truth)

    def truth_meta(self) -> dict[str, Any]:
        names = self.connectome.type_names
        return {
            "system": self.name,
            "type_names": list(names),
            "groups": {name: group_of(name) for name in names},
            "outputs": list(self.connectome.outputs),
            "parameters": self.parameters.origin,
            "tau_mode": self.tau_mode,
        }

    def field(self, device: torch.device) -> VoltageField:
        input_index = torch.from_numpy(self.connectome.input_index)
        return VoltageField.from_truth(self._truth, input_index, DTYPES[self.dtype], device)

    # ---- records ----

    @cached_property
    def shown(self) -> ObservedGraph:
        """The graph that a model is given."""
        edges, n, how = torch.from_numpy(self.connectome.edge_index), self.n_units, self.perturbation
        hiding, adding = stream(self.seed, "hidden_edges"), stream(self.seed, "null_edges")
        kept = kept_edges(edges, n, how.edge_removal_ratio, how.edge_removal_mode, hiding)
        return show(edges, kept, draw_null_edges(edges, n, how.n_extra_null_edges, how.null_edges_mode, adding))

    def structure(self) -> dict[str, Tensor]:
        """edge_index as shown [(source, target), edge], input_index [input] (the neuron of each column of external),
        column [neuron, (u, v)], sequence_start_<split> [sequence]."""
        starts = {f"sequence_start_{split}": torch.tensor(self.sequence_starts(split)[:-1]) for split in SPLITS}
        return {
            "edge_index": self.shown.edge_index,
            "input_index": torch.from_numpy(self.connectome.input_index),
            "column": torch.from_numpy(self.connectome.column),
            **starts,
        }

    def arrays(self) -> dict[str, int]:
        n = self.n_units
        noisy = {"clean_activity": n} if self.measurement_noise_level > 0 else {}
        return {"activity": n, "drift": n, "external": len(self.connectome.input_index), **noisy}

    def observation_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "n_neurons": self.n_units,
            "extent": self.connectome.lattice.extent,
            "n_frames": dict(self.n_frames),
            "delta_t": self.delta_t,
            "substeps": self.substeps,
            "integrator": type(self.integrator).__name__.lower(),
            "noise_model_level": self.noise.level,
            "noise_scaling": self.noise.scaling,
            "measurement_noise_level": self.measurement_noise_level,
            "external_input_mode": "additive",
            "visual_input_type": self.visual_input_type,
            "dtype": self.dtype,
        }

    # ---- simulation ----

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
            group = sequences_at_once(self.n_units, max(self.sequence_lengths(split)), DTYPES[self.dtype])
            ends = [*starts[group:-1:group], starts[-1]]
            cut += [Segment((split,), a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        return tuple(cut)

    def start(self) -> FlyvisRun:
        return FlyvisRun(self)
