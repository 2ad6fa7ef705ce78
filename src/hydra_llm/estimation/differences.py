"""Time derivatives of a recording by finite differences."""

from dataclasses import dataclass
from itertools import pairwise
from math import comb

import torch
from torch import Tensor

from hydra_llm.choice import check_choice
from hydra_llm.data.windows import Frames
from hydra_llm.estimation.method import Field
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.schema.target import ORDERS

# (u[k+1] - u[k-1], u[k+2] - u[k-2], ...) / dt; Fornberg, Mathematics of Computation 51 (1988), 699
CENTRAL = {
    "central": (1 / 2,),
    "fourth": (2 / 3, -1 / 12),
    "sixth": (3 / 4, -3 / 20, 1 / 60),
    "eighth": (4 / 5, -1 / 5, 4 / 105, -1 / 280),
}


@dataclass(frozen=True)
class Difference:
    """forward: (u[k+1] - u[k]) / dt, an error of order dt, exact for an Euler recording, and the likelihood under
    process noise. central to eighth: symmetric differences with errors of order dt^2 to dt^8, for smooth recordings.
    """

    order: str
    n_refinements: int = 0

    def __post_init__(self) -> None:
        check_choice("difference_order", self.order, ORDERS)

    @property
    def name(self) -> str:
        return f"{self.order} differences"

    def frames(self, recorded: Recorded) -> Frames:
        reach = len(CENTRAL.get(self.order, ()))
        frame = recorded.interior(reach, max(reach, 1))
        if not len(frame):
            raise ValueError(
                f"difference_order={self.order} needs {reach + max(reach, 1) + 1} frames without a jump, and no "
                f"stretch of this recording is that long ({recorded.n_frames} frames in "
                f"{len(recorded.sequences())}). Record longer, or choose a lower order."
            )
        u, dt = recorded.activity, recorded.delta_t
        slope = recorded.empty(len(frame), u)
        for own in recorded.blocks(len(frame)):
            here = frame[own]
            slope[own] = (u[here + 1] - u[here]) / dt if reach == 0 else _central(u, here, self.order, dt)
        return recorded.frames(frame, recorded.at(frame, u), slope)

    def refine(self, recorded: Recorded, field: Field) -> Frames:
        """The same as before: a difference does not depend on the law."""
        return self.frames(recorded)


def noise_gain(order: str) -> float:
    """Standard deviation of a symmetric derivative, in units of that of white measurement noise over dt."""
    return sum(2 * weight**2 for weight in CENTRAL[order]) ** 0.5


def best_order(recorded: Recorded) -> tuple[str, float]:
    """The symmetric order with the smallest error, and that error, rms relative to that of the derivative.

    Truncation, which falls with the order, is the distance to the next order (of the highest: extrapolated); noise and
    rounding, whose gain rises with the order, are told from an eighth difference.
    """
    reach = len(CENTRAL["eighth"])
    frame = recorded.interior(reach, reach)
    if not len(frame):
        return "forward", float("inf")
    u = recorded.activity.double()
    slopes = {order: _central(u, frame, order, recorded.delta_t) for order in CENTRAL}
    highest = slopes["eighth"]
    size = float((highest - highest.mean(dim=0)).square().mean().sqrt().clamp_min(1e-300))
    orders = tuple(CENTRAL)
    truncation = [_rms(slopes[order] - slopes[higher]) for order, higher in pairwise(orders)]
    truncation.append(min(truncation[-1], truncation[-1] ** 2 / max(truncation[-2], 1e-300)))
    stencil = [(-1) ** (reach + q) * comb(2 * reach, reach + q) for q in range(-reach, reach + 1)]
    left = sum(weight * u[frame + q] for q, weight in zip(range(-reach, reach + 1), stencil, strict=True))
    noise = _rms(torch.as_tensor(left)) / comb(4 * reach, 2 * reach) ** 0.5 / recorded.delta_t
    errors = {
        order: (lost**2 + (noise_gain(order) * noise) ** 2) ** 0.5 / size
        for order, lost in zip(orders, truncation, strict=True)
    }
    best = min(errors, key=errors.__getitem__)
    return best, errors[best]


def _central(u: Tensor, frame: Tensor, order: str, delta_t: float) -> Tensor:
    slope = torch.zeros_like(u[frame])
    for k, weight in enumerate(CENTRAL[order], start=1):
        slope.add_(u[frame + k] - u[frame - k], alpha=weight / delta_t)
    return slope


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
