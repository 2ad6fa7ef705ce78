"""One number for several objectives: how far a trial is from the ideal point, the best of every objective at once.

The augmented Chebyshev distance of Knowles (2006, ParEGO), over objectives that are scaled by the extent of the Pareto
front, so that no unit and no choice of weights has to be given. Whatever the weights, a trial that another one beats
has the larger distance; and every trial of the front has the smallest one for some weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LEAST_EXTENT = 0.1  # of the front, as a share of what the better half of the trials span
SUM_SHARE = (
    0.05  # of the sum beside the largest distance: of two that are as far in the worst objective, the better one
)


@dataclass(frozen=True)
class Frame:
    """`ideal` and `extent` [objective] in losses, which are smaller for better."""

    ideal: tuple[float, ...]
    extent: tuple[float, ...]

    @classmethod
    def of(cls, losses: Array) -> Frame:
        """From losses [trial, objective]. The extent is that of the front, unless it is small beside what half of the
        trials span: two neighbours are no front yet.
        """
        front = losses[non_dominated(losses)]
        ideal = front.min(axis=0)
        extent, half = front.max(axis=0) - ideal, np.median(losses, axis=0) - ideal
        extent = np.maximum(extent, LEAST_EXTENT * half)
        whole = losses.max(axis=0) - ideal
        extent = np.where(extent > 0.0, extent, np.where(whole > 0.0, whole, 1.0))
        return cls(tuple(map(float, ideal)), tuple(map(float, extent)))

    def distance(self, losses: Array, weights: Array) -> Array:
        """[trial] from losses [trial, objective] and weights [objective], which sum to 1: 0 at the ideal point, 1 for
        equal weights where every objective is the worst of the front.
        """
        apart = len(weights) * weights * (losses - np.array(self.ideal)) / np.array(self.extent)
        return (apart.max(axis=1) + SUM_SHARE * apart.mean(axis=1)) / (1.0 + SUM_SHARE)


def non_dominated(losses: Array) -> npt.NDArray[np.bool_]:
    """[trial] whether no other trial is as good in every objective and better in one; equal ones stay side by side."""
    keep = np.ones(len(losses), dtype=np.bool_)
    for place in np.lexsort(losses.T[::-1]):
        if keep[place]:
            beaten = (losses >= losses[place]).all(axis=1) & (losses > losses[place]).any(axis=1)
            keep &= ~beaten
    return keep


def even_weights(count: int) -> Array:
    return np.full(count, 1.0 / count)


def drawn_weights(count: int, rng: np.random.Generator) -> Array:
    """Uniform among all that sum to 1."""
    return rng.dirichlet(np.ones(count))
