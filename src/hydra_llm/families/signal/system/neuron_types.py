"""Types of neurons: a row of parameters each, and which neuron is of which type."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import torch
from torch import Generator, Tensor

COLUMNS = ("a", "b", "g", "s", "w", "h")


@dataclass(frozen=True)
class NeuronType:
    """One row of du_i/dt = -a u_i + b + s tanh(u_i) + g sum_j W_ij phi((u_j - h_j) / w_j)."""

    a: float  # leak, per unit of time
    b: float  # constant drive
    g: float  # gain of the synaptic input
    s: float  # self-excitation
    w: float  # width of the activation, as a source
    h: float  # threshold of the activation, as a source

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in astuple(self)):
            raise ValueError(f"A neuron type must hold finite numbers, got {list(astuple(self))}.")
        if self.w == 0:
            raise ValueError(
                f"The width w of a neuron type must not be 0, which divides by zero, got {list(astuple(self))}."
            )


DEFAULT_TYPES = (
    NeuronType(1, 0, 7, 0, 1, 0),
    NeuronType(1, 0, 7, 1, 1, 0),
    NeuronType(2, 0, 7, 1, 1, 0),
    NeuronType(2, 0, 7, 2, 1, 0),
)


def neuron_types(n_types: int, rows: Sequence[Sequence[float]] | None, gain: float | None) -> tuple[NeuronType, ...]:
    """The types of a network: the rows given, or the first n_types default rows; a gain replaces every g."""
    if n_types < 1:
        raise ValueError(f"n_neuron_types must be at least 1, got {n_types}.")
    if rows is None:
        if n_types > len(DEFAULT_TYPES):
            raise ValueError(
                f"n_neuron_types must be at most {len(DEFAULT_TYPES)}, the number of default rows, got {n_types}. Give "
                f"neuron_types a list of {n_types} rows [{', '.join(COLUMNS)}]."
            )
        types = DEFAULT_TYPES[:n_types]
    else:
        if len(rows) != n_types:
            raise ValueError(f"neuron_types must have one row per type (n_neuron_types={n_types}), got {len(rows)}.")
        types = tuple(_row(row) for row in rows)
    return types if gain is None else tuple(replace(neuron, g=float(gain)) for neuron in types)


def _row(row: Sequence[float]) -> NeuronType:
    if len(row) != len(COLUMNS):
        raise ValueError(f"A neuron type must be [{', '.join(COLUMNS)}], got {list(row)}.")
    return NeuronType(*(float(value) for value in row))


def type_index(n: int, n_types: int, shuffle: bool, generator: Generator) -> Tensor:
    """The type of every neuron [n]: contiguous blocks whose sizes differ by at most one, optionally shuffled."""
    index = torch.arange(n) * n_types // n
    return index[torch.randperm(n, generator=generator)] if shuffle else index
