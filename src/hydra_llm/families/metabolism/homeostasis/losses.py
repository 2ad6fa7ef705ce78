"""Terms of the phase-2 objective. Each is a mean square over the batch in units of `unit`^2, so that terms add up.

unit is the size of what homeostasis has to explain (see residual_size): a flat node function has an error of about 1.
No term takes a type: metabolites organise by what the node function does with them.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.homeostasis.submodels import Regulated


class Sample(NamedTuple):
    """Stretches of a recording: the frames, the first frame of each stretch [sample], and how many follow."""

    frames: Frames
    start: Tensor
    length: int


class Term(Protocol):
    @property
    def name(self) -> str: ...

    def __call__(self, net: Regulated, sample: Sample) -> Tensor:
        """Scalar loss; carries the gradient."""
        ...


@dataclass(frozen=True)
class RolloutError:
    """sum_k w_k mean (c'_k - c_k)^2 / sum_k w_k (k dt unit)^2: c' are Euler steps from a recorded state, k = 1 ... L.

    w_k = k^position_power: 0 weighs all positions alike (as published), more weighs the later ones, where homeostasis
    has added up. The denominator is the error of a drift that is wrong by `unit` throughout.
    """

    delta_t: float
    unit: float
    position_power: float
    name: str = "rollout"

    def __call__(self, net: Regulated, sample: Sample) -> Tensor:
        frames, start, length = sample
        c = frames.activity[start]
        total, scale = c.new_zeros(()), 0.0
        for k in range(length):
            external = None if frames.external is None else frames.external[start + k]
            c = c + self.delta_t * (net.reaction(c, external) + net.node(c, external))
            weight = (k + 1) ** self.position_power
            total = total + weight * (c - frames.activity[start + k + 1]).pow(2).mean()
            scale += weight * ((k + 1) * self.delta_t * self.unit) ** 2
        return total / scale


@dataclass(frozen=True)
class ResidualError:
    """mean (node(c) - (dc/dt - reaction(c)))^2: the node function is supervised with what the reactions leave over.

    dc/dt is the target of the frames; with training.target=finite_difference that is (c[k+1] - c[k]) / dt.
    """

    unit: float
    name: str = "residual"

    def __call__(self, net: Regulated, sample: Sample) -> Tensor:
        batch = sample.frames.at(sample.start)
        with torch.no_grad():
            left_over = batch.target - net.reaction(batch.activity, batch.external)
        return (net.node(batch.activity, batch.external) - left_over).pow(2).mean() / self.unit**2


@dataclass(frozen=True)
class OffsetPenalty:
    """coeff * mean node(at, a_i)^2: against solutions that are a constant.

    Biased, and offered because it is published: the true response at c = 5 is not zero, so the penalty pulls every zero
    crossing there.
    """

    coeff: float
    at: float
    unit: float
    name: str = "offset_penalty"

    def __call__(self, net: Regulated, sample: Sample) -> Tensor:
        c = torch.full_like(sample.frames.activity[:1], self.at)
        external = None if sample.frames.external is None else sample.frames.external[:1]
        return self.coeff * net.node(c, external).pow(2).mean() / self.unit**2


def residual_size(net: Regulated, frames: Frames) -> float:
    """Root mean square of dc/dt - reaction(c): the unit of the terms."""
    with torch.no_grad():
        left_over = frames.target - net.reaction(frames.activity, frames.external)
    return max(float(left_over.pow(2).mean().sqrt()), 1e-12)
