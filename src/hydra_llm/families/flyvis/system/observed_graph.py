"""The graph that a model observes: the true edges, less those that are hidden, plus pairs without a synapse.

The network is always simulated whole; hiding an edge takes it from the model only. (The reference prunes the simulated
network instead, so that no edge is ever missing.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hydra_llm.choice import check_choice
from hydra_llm.systems.hidden_units import RECORDED_INPUT

MODES = ("per_column", "random")  # column of W: the outgoing edges of one source neuron


@dataclass(frozen=True)
class ObservedGraph:
    """edge_index [(source, target), edge]; true_edge [edge]: its number among the true ones, -1: none."""

    edge_index: Tensor
    true_edge: Tensor


def observe(edge_index: Tensor, kept: Tensor, null_edges: Tensor) -> ObservedGraph:
    """The kept true edges in their order, then the null edges."""
    return ObservedGraph(
        torch.cat([edge_index[:, kept], null_edges], dim=1),
        torch.cat([kept, torch.full((null_edges.shape[1],), -1)]),
    )


def kept_edges(edge_index: Tensor, n_neurons: int, removal_ratio: float, mode: str, generator: Generator) -> Tensor:
    """Numbers of the edges that stay in view, ascending.

    random: int(ratio * E) of all edges are hidden. per_column: int(ratio * out-degree) of every source, at least one
    edge of it staying.
    """
    if not 0 <= removal_ratio < 1:
        raise ValueError(f"edge_removal_ratio must be at least 0 and below 1, got {removal_ratio}.")
    check_choice("edge_removal_mode", mode, MODES)
    n_edges = edge_index.shape[1]
    order = torch.randperm(n_edges, generator=generator)
    if mode == "random":
        return order[int(removal_ratio * n_edges) :].sort().values
    source = edge_index[0]
    order = order[source[order].argsort(stable=True)]  # the edges of each source together, shuffled within
    degree = torch.bincount(source, minlength=n_neurons)
    first = degree.cumsum(0) - degree
    rank = torch.arange(n_edges) - first[source[order]]
    hidden = torch.minimum((removal_ratio * degree).long(), degree - 1)
    return order[rank >= hidden[source[order]]].sort().values


def draw_null_edges(edge_index: Tensor, n_neurons: int, n_extra: int, mode: str, generator: Generator) -> Tensor:
    """n_extra pairs [(source, target), edge] that no synapse joins, each once, in random order.

    per_column: equally many from every source, the remainder spread by lot.
    """
    check_choice("null_edges_mode", mode, MODES)
    taken = edge_index[0] * n_neurons + edge_index[1]
    room = n_neurons**2 - len(taken)
    if not 0 <= n_extra <= room // 2:
        raise ValueError(
            f"n_extra_null_edges must be between 0 and {room // 2}, got {n_extra}: at most half of the {room} pairs of "
            f"the {n_neurons} neurons that no synapse joins."
        )
    wanted = _per_source(n_neurons, n_extra, mode, generator)
    found = torch.empty(0, dtype=torch.int64)
    while len(found) < n_extra:
        missing = wanted - torch.bincount(found // n_neurons, minlength=n_neurons)
        source = torch.repeat_interleave(torch.arange(n_neurons), missing)
        pair = source * n_neurons + torch.randint(n_neurons, source.shape, generator=generator)
        found = torch.cat([found, pair[~torch.isin(pair, taken)]]).unique()
    found = found[torch.randperm(n_extra, generator=generator)]
    return torch.stack([found // n_neurons, found % n_neurons])


def _per_source(n_neurons: int, n_extra: int, mode: str, generator: Generator) -> Tensor:
    """How many null edges leave each source."""
    if mode == "random":
        return torch.bincount(torch.randint(n_neurons, (n_extra,), generator=generator), minlength=n_neurons)
    wanted = torch.full((n_neurons,), n_extra // n_neurons)
    wanted[torch.randperm(n_neurons, generator=generator)[: n_extra % n_neurons]] += 1
    return wanted


def recorded_part(whole: Mapping[str, Tensor], recorded: Tensor, edges: Tensor) -> dict[str, Tensor]:
    """The structure of a partly recorded eye. recorded [neuron], edges [edge]: what is left of the whole."""
    number = torch.full((len(whole["column"]),), -1)
    number[recorded] = torch.arange(len(recorded))
    seen = (number[whole["input_index"]] >= 0).nonzero().ravel()
    return {
        "edge_index": number[whole["edge_index"][:, edges]],
        "input_index": number[whole["input_index"][seen]],
        "column": whole["column"][recorded],
        RECORDED_INPUT: seen,
        "recorded_neuron": recorded,
        "recorded_edge": edges,
        **{f"whole_{name}": values for name, values in whole.items()},
    }
