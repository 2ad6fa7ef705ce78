"""Noise of a measurement: added to what is recorded, never to the states."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.choice import check_choice

UNITS = ("relative", "absolute")


@dataclass(frozen=True)
class MeasurementNoise:
    """Gaussian noise on the recorded states.

    relative: `level` times the spread of the states. absolute: `level` in the units of the states, as publications of
    the fly give it.
    """

    level: float
    unit: str

    def __post_init__(self) -> None:
        if not self.level >= 0:
            raise ValueError(f"measurement_noise_level must be at least 0, got {self.level}.")
        check_choice("measurement_noise_unit", self.unit, UNITS)


def pooled_spread(pieces: Iterable[Tensor]) -> float:
    """Root mean square over units of the standard deviation of each about its own mean, of states [frame, unit].

    A trajectory comes in pieces, so that none has to be in memory whole; variances are joined as in Chan, Golub &
    LeVeque (1983).
    """
    n, mean, squares = 0, torch.zeros(()).double(), torch.zeros(()).double()
    for piece in pieces:
        states = piece.double()
        own, count = states.mean(dim=0), len(states)
        shift, total = own - mean, n + count
        squares = squares + ((states - own) ** 2).sum(dim=0) + shift**2 * (n * count / total)
        mean, n = mean + shift * (count / total), total
    return float((squares / n).mean().sqrt())
