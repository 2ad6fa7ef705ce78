"""How much of a recording is noise, and of which kind, from the recording alone.

Differences of high order remove whatever is smooth. White measurement noise of variance g^2 leaves g^2 C(2p, p) in a
p-th difference, process noise that adds s^2 per frame leaves s^2 C(2p-2, p-1); two orders tell g from s
(von Neumann et al. 1941, Annals of Mathematical Statistics 12, 153; the variogram of geostatistics is p = 1).
"""

from dataclasses import dataclass
from math import comb

import torch
from torch import Tensor

from hydra_llm.estimation.recorded import Recorded

LOWER, HIGHER = 4, 8  # orders of the two differences; each costs one frame of every sequence
SETTLED = 0.7  # noise stays when the order rises; what is smooth falls well below this share of the order before


@dataclass(frozen=True)
class NoiseLevels:
    """Variances [unit]: measurement, of what is added to a recorded state; process, of what the state itself gains per
    frame; estimates that scatter around zero where there is none. change [unit]: mean square of what one frame adds to
    the recorded state. is_noise: whether what high differences leave is noise at all; if not, the two are upper bounds.
    """

    measurement: Tensor
    process: Tensor
    change: Tensor
    is_noise: bool

    def shares(self) -> tuple[float, float]:
        """Of measurement and of process noise in the change from one frame to the next, in variance over all units. No
        part is more than the whole: where chance, or noise that turns its sign from frame to frame, has both estimates
        exceed the change, the whole change is noise, and they say how it divides.
        """
        measurement, process = max(0.0, 2 * float(self.measurement.sum())), max(0.0, float(self.process.sum()))
        whole = max(float(self.change.sum()), measurement + process, 1e-300)
        return measurement / whole, process / whole


def noise_levels(recorded: Recorded) -> NoiseLevels:
    """Both levels by unit. Raises ValueError where no stretch of the recording has enough frames."""
    parts = [recorded.activity[own].double() for own in recorded.sequences() if own.stop - own.start > HIGHER]
    if not parts:
        raise ValueError(
            f"The noise of a recording is told from stretches of more than {HIGHER} frames without a jump, and this "
            "one has none. Record longer, or name training.target."
        )
    variance: dict[int, Tensor] = {}  # mean square of the differences of an order [unit]
    for order in range(1, HIGHER + 1):
        parts = [part.diff(dim=0) for part in parts]
        squares = torch.stack([part.square().sum(0) for part in parts])
        variance[order] = squares.sum(0) / sum(len(part) for part in parts)
    settling = [float(variance[order].sum()) / comb(2 * order, order) for order in (HIGHER - 1, HIGHER)]
    rounding = 4 * torch.finfo(recorded.activity.dtype).eps * float(recorded.activity.abs().max())
    is_noise = settling[1] > SETTLED * settling[0] and settling[1] > recorded.activity.shape[1] * rounding**2
    return NoiseLevels(*_separate(variance[LOWER], variance[HIGHER]), variance[1], is_noise)


def _separate(lower: Tensor, higher: Tensor) -> tuple[Tensor, Tensor]:
    """Variances of measurement and process noise [unit] that leave these mean squares in the two differences."""
    (a, b), (c, d) = (
        (comb(2 * order, order), comb(2 * order - 2, order - 1)) for order in (LOWER, HIGHER)
    )  # mean square = measurement * a + process * b
    scale = a * d - b * c
    return (d * lower - b * higher) / scale, (a * higher - c * lower) / scale
