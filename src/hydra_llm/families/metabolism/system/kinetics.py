"""Rate laws: how fast a reaction runs, per unit of its constant, at given concentrations.

v_j = k_j * prod_i factor(c_i)^orders_ij over the substrates i of reaction j, with
    mass action   factor(c) = c
    saturating    factor(c) = c / (K + c), the convenience form of Michaelis-Menten (Liebermeister & Klipp 2006)
Every rate is linear in its constant and zero as soon as a substrate is used up.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class RateLaw(Protocol):
    def factor(self, c: Tensor) -> Tensor:
        """What one substrate of order 1 contributes at concentration c >= 0, elementwise."""
        ...


@dataclass(frozen=True)
class MassAction:
    def factor(self, c: Tensor) -> Tensor:
        return c


@dataclass(frozen=True)
class Saturating:
    """K: concentration of half the largest rate."""

    half_saturation: float

    def __post_init__(self) -> None:
        if not self.half_saturation > 0:
            raise ValueError(f"half_saturation must be above 0, got {self.half_saturation}.")

    def factor(self, c: Tensor) -> Tensor:
        return c / (self.half_saturation + c)


def rate_law(use_mass_action: bool, half_saturation: float) -> RateLaw:
    return MassAction() if use_mass_action else Saturating(half_saturation)


def power_products(factor: Tensor, index: Tensor, order: Tensor) -> Tensor:
    """prod of factor^order over the slots of every reaction: factor [..., metabolite] -> [..., reaction].

    index, order: [reaction, slot] as in ReactionNetwork.substrates(); an index past the last metabolite is a factor 1.
    """
    padded = torch.cat([factor, factor.new_ones((*factor.shape[:-1], 1))], dim=-1)
    gathered = padded[..., index]  # [..., reaction, slot]
    if not ((order == 1) | (order == 0)).all():  # pow is slow and cycles need none
        gathered = gathered.pow(order)
    return gathered.prod(dim=-1)
