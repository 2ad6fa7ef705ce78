"""What a run of the fly takes of memory at its peak, estimated before anything is simulated.

The parts are those that decision 0141 bounds; which of them meet is read off runs (benchmarks/flyvis_scale.py). Sizes
in bytes, of N neurons, E edges and T training frames; a moment matrix of a neuron has one row per edge into it and
three more.
"""

from dataclasses import dataclass

import numpy as np
from omegaconf import DictConfig

from hydra_llm.data.scratch import LARGE
from hydra_llm.families.flyvis.fitting.innovations import SIDE_BY_SIDE
from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, frames_at_once
from hydra_llm.families.flyvis.fitting.projection import most_frames
from hydra_llm.families.flyvis.oracle.report import most_frames as most_frames_of_oracle
from hydra_llm.families.flyvis.oracle.sample import share_looked_at
from hydra_llm.families.flyvis.system import FlyvisSystem
from hydra_llm.training.baselines import FRAMES, STATES

LIBRARIES = 0.45e9  # torch, Lightning, the connectome
WORKSPACE = 0.4e9  # of a fit: features of one group of neurons, hidden layers of a network at some states
_DOUBLE = 8
_FILTER_ARRAYS = 8  # recorded, input, state, error, slope, target, and the last three in order
HELD_ARRAYS = 3  # the recording, and states and targets of the frames
_MOMENT_COPIES = 8  # of the matrices of all neurons: sums, scaled ones, places, factors
_ORACLE_COPIES = 10  # bases, factors and singular vectors of training and validation
_ORACLE_ARRAYS = 4  # of the frames that it looks at
_BLOCK_ARRAYS = 6  # of a block of frames: message, own and slope, as recorded and in double precision
_PROJECTION_ARRAYS = 20  # places and weights of an interpolation both ways, messages, states, slopes, gradients
_BASELINE_ARRAYS = 6
_ROLLOUT_ARRAYS = 6  # of validation and test


@dataclass(frozen=True)
class Sizes:
    """moments: elements of the matrices of all neurons. itemsize: bytes of a recorded number."""

    n_neurons: int
    n_edges: int
    n_inputs: int
    moments: int
    n_frames: int
    n_held_out: int
    itemsize: int

    @classmethod
    def of(cls, system: FlyvisSystem) -> "Sizes":
        target = system.observed.edge_index[1].numpy()
        degree = np.bincount(target, minlength=system.n_units)
        frames = system.n_frames
        return cls(
            n_neurons=system.n_units,
            n_edges=len(target),
            n_inputs=system.n_input_columns,
            moments=int(((degree + N_OWN + 1) ** 2).sum()),
            n_frames=frames["train"],
            n_held_out=frames["validation"] + frames["test"],
            itemsize=np.dtype(system.dtype).itemsize,
        )


def peak_memory(system: FlyvisSystem, training: DictConfig) -> float:
    """Bytes that a run holds at its peak, but for what the system can page out. training: the keys of the fit."""
    sizes = Sizes.of(system)
    fit = max(regressions(sizes), rollouts(sizes), projection(sizes, training)) + WORKSPACE
    return LIBRARIES + held(sizes) + max(oracle(sizes), baseline(sizes), fit)


def held(sizes: Sizes) -> float:
    """All frames, as far as they are not on the disk."""
    states, light = (sizes.n_frames * width * sizes.itemsize for width in (sizes.n_neurons, sizes.n_inputs))
    return HELD_ARRAYS * _in_memory(states) + (HELD_ARRAYS - 1) * _in_memory(light)


def oracle(sizes: Sizes) -> float:
    used = min(sizes.n_frames, most_frames_of_oracle(sizes.n_edges))
    share = share_looked_at(sizes.n_neurons, sizes.n_edges, used)
    frames = _in_memory(used * sizes.n_neurons * sizes.itemsize)
    return _ORACLE_ARRAYS * frames + _matrices(sizes, share * _ORACLE_COPIES)


def regressions(sizes: Sizes) -> float:
    """Normal equations of all neurons, and the filter that their frames come from."""
    filtered = min(SIDE_BY_SIDE, sizes.n_frames * sizes.n_neurons) * sizes.itemsize
    return _FILTER_ARRAYS * filtered + _matrices(sizes, _MOMENT_COPIES)


def projection(sizes: Sizes, training: DictConfig) -> float:
    """Frames that the message function is fitted to, with the table that it is read from; 0 where it is known."""
    if not training.get("projection_iterations"):
        return 0.0
    wanted = training.get("projection_frames") or sizes.n_frames
    states = min(most_frames(wanted, sizes.n_neurons), sizes.n_frames) * sizes.n_neurons * _DOUBLE
    return _PROJECTION_ARRAYS * states + _matrices(sizes, _MOMENT_COPIES)


def baseline(sizes: Sizes) -> float:
    width = sizes.n_neurons + sizes.n_inputs
    rows = min(sizes.n_frames, FRAMES, STATES // width)
    return _DOUBLE * (_BASELINE_ARRAYS * rows * width + 3 * min(rows, width) ** 2)


def rollouts(sizes: Sizes) -> float:
    return _ROLLOUT_ARRAYS * sizes.n_held_out * sizes.n_neurons * _DOUBLE


def _matrices(sizes: Sizes, copies: float) -> float:
    block = min(sizes.n_frames, frames_at_once(sizes.n_neurons)) * sizes.n_neurons
    return _DOUBLE * (copies * sizes.moments + _BLOCK_ARRAYS * block)


def _in_memory(n_bytes: float) -> float:
    return n_bytes if n_bytes <= LARGE else 0.0
