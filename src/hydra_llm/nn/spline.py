"""Curves of one state as sums of B-splines, with knots where the curves bend.

Outside its range a curve goes on straight, by the chord of its outermost part: the slope at the very end is noise.
de Boor, A Practical Guide to Splines (2001).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import BSpline
from torch import Tensor

EVEN = 0.35  # share of the knots, against those that follow the bends, that are spread evenly
END = 0.15  # of the range, whose chord a curve follows beyond it
_BINS = 200  # in which states are counted
_MARGIN = 1e-6  # of the range: the outermost states lie inside


@dataclass(frozen=True)
class SplineBasis:
    """B-splines B_k of one degree. knots: the full vector, with both ends repeated."""

    knots: np.ndarray
    degree: int

    @classmethod
    def over(
        cls, states: Tensor, n: int, degree: int, density: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> "SplineBasis":
        """n splines over the range of states; density: how closely knots lie at a state, None: evenly."""
        if n < degree + 2:
            raise ValueError(f"A spline of degree {degree} needs at least {degree + 2} coefficients, got {n}.")
        low, high = float(states.min()), float(states.max())
        margin = max(_MARGIN * (high - low), 1e-12)
        grid = np.linspace(low - margin, high + margin, 4001)
        weight = np.ones_like(grid) if density is None else density(grid)
        share = np.concatenate([[0.0], np.cumsum((weight[1:] + weight[:-1]) / 2)])
        inner = np.interp(np.linspace(0, share[-1], n - degree + 1), share, grid)
        ends = [grid[:1]] * degree, [grid[-1:]] * degree
        return cls(np.concatenate([*ends[0], inner, *ends[1]]), degree)

    @property
    def n(self) -> int:
        return len(self.knots) - self.degree - 1

    @property
    def low(self) -> float:
        return float(self.knots[0])

    @property
    def high(self) -> float:
        return float(self.knots[-1])

    def __call__(self, states: Tensor) -> Tensor:
        """B_k(u) [..., k] at states inside the range, in float64."""
        x = states.detach().double().cpu().reshape(-1).numpy().clip(self.low, np.nextafter(self.high, self.low))
        values = BSpline.design_matrix(x, self.knots, self.degree).toarray()
        return torch.from_numpy(values).reshape(*states.shape, self.n)

    def curve(self, coefficients: Tensor, x: np.ndarray) -> np.ndarray:
        """sum_k coefficients_k B_k(x) at any x."""
        spline = BSpline(self.knots, coefficients.numpy(), self.degree)
        inside, part = x.clip(self.low, self.high), END * (self.high - self.low)
        low, first, last, high = spline([self.low, self.low + part, self.high - part, self.high])
        slope = np.where(x < self.low, first - low, high - last) / part
        return spline(inside) + (x - inside) * slope

    def coefficients(self, function: Callable[[np.ndarray], np.ndarray]) -> Tensor:
        """Of the curve nearest to a function, in least squares over the range."""
        x = np.linspace(self.low, np.nextafter(self.high, self.low), 8 * self.n)
        values = BSpline.design_matrix(x, self.knots, self.degree).toarray()
        return torch.from_numpy(np.linalg.lstsq(values, function(x), rcond=1e-10)[0])

    def bends(self, coefficients: Tensor, states: Tensor | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """A density of knots that follows the root of the curvature, EVEN of it spread evenly.

        states: the curvature counts by how densely they lie, since a curve may be wild where they hardly are; None:
        everywhere alike.
        """
        x = np.linspace(self.low, self.high, 801)
        curvature = np.abs(BSpline(self.knots, coefficients.numpy(), self.degree).derivative(2)(x))
        if states is not None:
            counts, edges = np.histogram(states.double().cpu().numpy(), _BINS, (self.low, self.high))
            visits = np.interp(x, (edges[1:] + edges[:-1]) / 2, counts / max(float(counts.mean()), 1e-300))
            curvature = curvature * visits
        root = np.sqrt(curvature / max(float(np.quantile(curvature, 0.99)), 1e-300))
        width = 25  # points; a bend is somewhat wider than where it was found
        smooth = np.convolve(root, np.hanning(2 * width + 1) / width, mode="same")
        smooth = smooth / max(float(smooth.mean()), 1e-300) + EVEN
        return lambda at: np.interp(at, x, smooth)


def third_differences(n: int) -> Tensor:
    """Of n coefficients, as a matrix [n - 3, n]."""
    return torch.from_numpy(np.diff(np.eye(n), n=3, axis=0))


def roughness(n: int) -> Tensor:
    """P [k, k] with c P c the sum of squared third differences of coefficients."""
    third = third_differences(n)
    return third.T @ third
