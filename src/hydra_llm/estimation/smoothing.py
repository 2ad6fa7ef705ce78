"""Penalised least squares for every unit, its strength by prediction of what was left out.

x minimises |y - x|^2 + strength |D x|^2 with third differences D (Whittaker 1923; Eilers 2003, Analytical Chemistry 75,
3631), in one banded solve. Generalised cross-validation, the rotation-invariant form of leaving out one frame at a time
(Craven & Wahba 1979), chooses the strength of every unit.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import cho_solve_banded, cholesky_banded
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.method import Field
from hydra_llm.estimation.recorded import Recorded

_ORDER = 3  # of the differences that are penalised
STRENGTHS = np.logspace(-2, 10, 25)  # a window of about 2 strength^(1/6) frames: from one frame to some ninety


@dataclass(frozen=True)
class Smoothed:
    """States and derivatives of the smoothed recording. strength: None: by cross-validation, a value per unit."""

    strength: float | None = None
    name: str = "smoothing"
    n_refinements: int = 0

    def path(self, recorded: Recorded) -> tuple[Tensor, Tensor]:
        """Smoothed states [frame, unit] and the strengths [unit] that were chosen (the median over sequences)."""
        x, chosen = torch.empty_like(recorded.activity), []
        for own in recorded.sequences():
            part, strength = smooth(recorded.activity[own].double().numpy(), self.strength)
            x[own] = torch.from_numpy(part).to(x)
            chosen.append(strength)
        return x, torch.from_numpy(np.median(chosen, axis=0))

    def frames(self, recorded: Recorded) -> Frames:
        x, _ = self.path(recorded)
        smooth_recording = Recorded(x, recorded.external, recorded.delta_t, recorded.sequence_start)
        return Difference("fourth").frames(smooth_recording)

    def refine(self, recorded: Recorded, field: Field) -> Frames:
        return self.frames(recorded)


def smooth(y: np.ndarray, strength: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed y [frame, unit] and the strengths [unit]; strength None: by generalised cross-validation.

    Fewer frames than the penalty reaches are returned as they are.
    """
    n_frames, n_units = y.shape
    if n_frames <= _ORDER:
        return y.copy(), np.zeros(n_units)
    candidates = STRENGTHS if strength is None else np.array([strength])
    best = np.full(n_units, np.inf)
    x, chosen = y.copy(), np.zeros(n_units)
    bands = _penalty(n_frames)
    # Eigenvalues of D'D as those of a circle: the trace of the smoother without forming it
    roots = (2 - 2 * np.cos(np.pi * np.arange(n_frames) / n_frames)) ** _ORDER
    for value in candidates:
        system = value * bands
        system[-1] += 1
        fitted = cho_solve_banded((cholesky_banded(system), False), y)
        freedom = (1 / (1 + value * roots)).sum()
        score = ((y - fitted) ** 2).mean(axis=0) / (1 - freedom / n_frames) ** 2
        better = score < best
        best[better], chosen[better], x[:, better] = score[better], value, fitted[:, better]
    return x, chosen


def _penalty(n_frames: int) -> np.ndarray:
    """D'D in the upper banded form of scipy [_ORDER + 1, frame]."""
    stencil = np.array([-1.0, 3.0, -3.0, 1.0])
    bands = np.zeros((_ORDER + 1, n_frames))
    for offset in range(_ORDER + 1):
        products = stencil[: _ORDER + 1 - offset] * stencil[offset:]
        for place, product in enumerate(products):
            first = place + offset  # column of the product, for the first row of D
            bands[_ORDER - offset, first : first + n_frames - _ORDER] += product
    return bands
