"""Problems with parameters shared between neurons: what knowing the cell types is worth.

All neurons of a type have one rate and one offset, and all edges of a kind (source type, target type and offset on the
lattice) one weight. The triangular factors of the single neurons are stacked, so no recording is read again.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.neighbours import N_OWN, Group, NeighbourFactor
from hydra_llm.families.flyvis.oracle.neighbour_solutions import Solution

_STACKED = 4  # factors of this many times the width are condensed at once


def tie(factors: Sequence[NeighbourFactor], kinds: Tensor, types: Tensor) -> list[NeighbourFactor]:
    """One problem per type, whose target is the type and whose edges are the kinds of edge_kinds.

    types [neuron] from 0 without a gap; kinds [edge]. A solution of these is spread over neurons by `untie`.
    """
    members: dict[int, list[tuple[Tensor, Tensor, Tensor, float]]] = {}
    for factor in factors:
        group = factor.group
        for k, target in enumerate(group.targets.tolist()):
            problem = (factor.R[k], factor.z[k], kinds[group.edges[k]], float(factor.residual[k]))
            members.setdefault(int(types[target]), []).append(problem)
    return [_stack(own, problems, factors[0].n_frames) for own, problems in sorted(members.items())]


def untie(solution: Solution, kinds: Tensor, types: Tensor) -> Solution:
    """The parameters of types and kinds, given to every neuron and edge."""
    return Solution(solution.weight[kinds], solution.rate[types], solution.offset[types])


def _stack(own: int, problems: list[tuple[Tensor, Tensor, Tensor, float]], n_frames: int) -> NeighbourFactor:
    used, place = torch.unique(torch.cat([kinds for _, _, kinds, _ in problems]), return_inverse=True)
    places = place.split([len(kinds) for _, _, kinds, _ in problems])
    n = N_OWN + len(used)
    upper = problems[0][0].new_zeros(n + 1, n + 1)
    pending: list[Tensor] = []
    for k, ((R, z, _, _), columns) in enumerate(zip(problems, places, strict=True)):
        wide = R.new_zeros(n + 1, len(R))  # [unknown of the type, row]; kinds may repeat within a neuron
        wide[:N_OWN] = R[:, :N_OWN].T
        wide.index_add_(0, N_OWN + columns, R[:, N_OWN:].T.contiguous())
        wide[n] = z
        pending.append(wide.T)
        if k == len(problems) - 1 or sum(len(part) for part in pending) > _STACKED * n:
            upper = torch.linalg.qr(torch.cat([upper, *pending]), mode="r").R
            pending = []
    residual = sum(left for _, _, _, left in problems) + float(upper[n, n]) ** 2
    group = Group(torch.tensor([own]), used[None], used[None])
    return NeighbourFactor(
        group, upper[None, :n, :n], upper[None, :n, n], upper.new_tensor([residual]), n_frames * len(problems)
    )
