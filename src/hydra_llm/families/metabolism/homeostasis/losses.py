"""Terms of the phase-2 objective. Each is a mean square over the batch in units of `unit`^2, so that terms add up.

unit is the size of what homeostasis has to explain (see residual_size): a flat node function has an error of about 1.
No term takes a type: metabolites organise by what the node function does with them.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.homeostasis.submodels import Regulated
from hydra_llm.training.strategy import Batch, FitStep


class Term(Protocol):
    """A training strategy with a name, which returns a loss and nothing else; `model` is a view of the network."""

    @property
    def name(self) -> str: ...

    def loss(self, model: Regulated, batch: Batch, step: FitStep) -> Tensor:
        """Scalar loss; carries the gradient."""
        ...


@dataclass(frozen=True)
class RolloutError:
    """sum_k w_k mean (c'_k - c_k)^2 / sum_k w_k (k dt unit)^2: c' are Euler steps from a recorded state, k = 1 ... L.

    w_k = k^position_power: 0 weighs all positions alike (as published), more weighs the later ones, where homeostasis
    has added up. The denominator is the error of a drift that is wrong by `unit` throughout.
    """

    unit: float
    position_power: float
    name: str = "rollout"

    def loss(self, model: Regulated, batch: Batch, step: FitStep) -> Tensor:
        c = batch.state()
        total, scale = c.new_zeros(()), 0.0
        for k in range(batch.horizon):
            external = batch.input(k)
            c = c + batch.delta_t * (model.reaction(c, external) + model.node(c, external))
            weight = (k + 1) ** self.position_power
            total = total + weight * (c - batch.state(k + 1)).pow(2).mean()
            scale += weight * ((k + 1) * batch.delta_t * self.unit) ** 2
        return total / scale


@dataclass(frozen=True)
class ResidualError:
    """mean (node(c) - (dc/dt - reaction(c)))^2: the node function is supervised with what the reactions leave over.

    dc/dt is the target of the frames; with training.target=finite_difference that is (c[k+1] - c[k]) / dt.
    """

    unit: float
    name: str = "residual"

    def loss(self, model: Regulated, batch: Batch, step: FitStep) -> Tensor:
        c, external = batch.state(), batch.input()
        with torch.no_grad():
            left_over = batch.target - model.reaction(c, external)
        return (model.node(c, external) - left_over).pow(2).mean() / self.unit**2


@dataclass(frozen=True)
class OffsetPenalty:
    """coeff * mean node(at, a_i)^2: against solutions that are a constant.

    Biased, and offered because it is published: the true response at c = 5 is not zero, so the penalty pulls every zero
    crossing there.
    """

    coeff: float
    at: float
    unit: float
    external: Tensor | None  # [1, column]: a known input to ask under, that of the first recorded frame
    name: str = "offset_penalty"

    def loss(self, model: Regulated, batch: Batch, step: FitStep) -> Tensor:
        c = torch.full_like(batch.state()[:1], self.at)
        return self.coeff * model.node(c, self.external).pow(2).mean() / self.unit**2


def residual_size(net: Regulated, frames: Frames) -> float:
    """Root mean square of dc/dt - reaction(c): the unit of the terms."""
    with torch.no_grad():
        left_over = frames.target - net.reaction(frames.activity, frames.external)
    return max(float(left_over.pow(2).mean().sqrt()), 1e-12)
