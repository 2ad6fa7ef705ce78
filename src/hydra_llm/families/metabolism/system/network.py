"""A reaction network: who reacts with whom, in which proportions, and which rate constants that leaves apart.

Two matrices [metabolite, reaction], because a catalyst takes part in a rate and is not used up: `orders` are the
exponents of the rate law, `stoichiometry` the net change per turnover. In A + B -> 2 B the orders are (1, 1), the net
coefficients (-1, +1).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_RANK_TOLERANCE = 1e-9  # relative; the columns are small whole numbers


@dataclass(frozen=True)
class ReactionNetwork:
    """stoichiometry: net coefficients; orders: exponents >= 0, both [metabolite, reaction] in float64."""

    stoichiometry: Tensor
    orders: Tensor

    def __post_init__(self) -> None:
        if self.stoichiometry.shape != self.orders.shape or self.orders.ndim != 2:
            raise ValueError(
                "Stoichiometry and orders must be two matrices [metabolite, reaction] of one shape, got "
                f"{tuple(self.stoichiometry.shape)} and {tuple(self.orders.shape)}."
            )
        if (self.orders < 0).any():
            raise ValueError(f"Substrate orders must be at least 0, got {float(self.orders.min()):g}.")

    @classmethod
    def from_sides(cls, substrates: Tensor, products: Tensor) -> "ReactionNetwork":
        """From what stands left and right of the arrows, both [metabolite, reaction]."""
        return cls((products - substrates).double(), substrates.double())

    @property
    def n_metabolites(self) -> int:
        return self.orders.shape[0]

    @property
    def n_reactions(self) -> int:
        return self.orders.shape[1]

    def substrates(self) -> tuple[Tensor, Tensor]:
        """Substrates of every reaction, padded: index [reaction, slot] and order [reaction, slot].

        An empty slot has the index n_metabolites and the order 0.
        """
        n_slots = max(1, int((self.orders > 0).sum(dim=0).max()))
        index = torch.full((self.n_reactions, n_slots), self.n_metabolites)
        order = self.orders.new_zeros((self.n_reactions, n_slots))
        for j in range(self.n_reactions):
            found = self.orders[:, j].nonzero().ravel()
            index[j, : len(found)] = found
            order[j, : len(found)] = self.orders[found, j]
        return index, order

    def null_dimensions(self) -> int:
        """Combinations of rate constants that no recording determines (of all reactions, empty ones included)."""
        return sum(len(group) - _rank(self.stoichiometry[:, group]) for group in self._by_law())

    def identifiable(self) -> Tensor:
        """bool [reaction]: whether a recording that visits enough states can determine the rate constant.

        Rate laws of different orders are independent functions of the state; reactions of equal orders are told apart
        by their net coefficients alone. So a constant is lost if its column is a combination of the other columns of
        its law: an empty reaction, a duplicate, a reversed pair of autocatalysts.
        """
        known = torch.ones(self.n_reactions, dtype=torch.bool)
        for group in self._by_law():
            columns = self.stoichiometry[:, group]
            rank = _rank(columns)
            for place, reaction in enumerate(group):
                others = [k for k in range(len(group)) if k != place]
                known[reaction] = _rank(columns[:, others]) < rank
        return known

    def faults(self) -> dict[str, int]:
        """Reactions that cannot be identified, by reason: without net effect, duplicated or otherwise dependent."""
        lost = ~self.identifiable()
        idle = (self.stoichiometry == 0).all(dim=0)
        opposite = torch.zeros_like(lost)
        for group in self._by_law():
            S = self.stoichiometry[:, group]
            for place, reaction in enumerate(group):
                opposite[reaction] = bool((-S[:, place : place + 1] == S).all(dim=0).any())
        counts = {
            "without net effect": int(idle.sum()),
            "with a reverse of the same rate law": int((lost & opposite & ~idle).sum()),
            "duplicated or otherwise dependent": int((lost & ~opposite & ~idle).sum()),
        }
        return {reason: count for reason, count in counts.items() if count}

    def _by_law(self) -> list[list[int]]:
        """Reactions grouped by their orders: equal orders are one rate law up to the constant."""
        groups: dict[tuple[float, ...], list[int]] = {}
        for j, column in enumerate(self.orders.T.tolist()):
            groups.setdefault(tuple(column), []).append(j)
        return list(groups.values())


def _rank(columns: Tensor) -> int:
    if columns.shape[1] == 0:
        return 0
    return int(torch.linalg.matrix_rank(columns, rtol=_RANK_TOLERANCE))
