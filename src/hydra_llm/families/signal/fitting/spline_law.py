"""A rate law of shared functions as splines: quick to evaluate at many states, with slopes.

du_i/dt = update(u_i) + sum_j W_ij message(u_j)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from hydra_llm.estimation.flow import advance
from hydra_llm.families.signal.model.gnn import SignalGNN

_NODES = 400  # of a function
_BEYOND = 0.5  # of the recorded range to either side: further out functions go on as straight lines


@dataclass(frozen=True)
class Curve:
    """A function of one state as a cubic spline on equal steps, straight beyond its ends.

    coefficients [4, step]: of the powers of the distance to the beginning of a step, in steps.
    """

    low: float
    step: float
    coefficients: np.ndarray

    @classmethod
    def of(cls, function: Callable[[Tensor], Tensor], states: Tensor) -> "Curve":
        """function: of states [point], over the range of states [frame, unit] and some way beyond."""
        low, high = float(states.min()), float(states.max())
        margin = _BEYOND * max(high - low, 1e-300)
        nodes = np.linspace(low - margin, high + margin, _NODES)
        with torch.no_grad():
            values = function(torch.from_numpy(nodes)).double().cpu().numpy()
        return cls(nodes[0], nodes[1] - nodes[0], CubicSpline(np.arange(_NODES), values).c[::-1].copy())

    def __call__(self, u: Tensor) -> Tensor:
        k, x, beyond = self._place(u)
        a, b, c, d = (row[k] for row in self.coefficients)
        value = a + x * (b + x * (c + x * d))
        if beyond is not None:
            value += beyond * (b + x * (2 * c + 3 * x * d))
        return torch.from_numpy(value)

    def slope(self, u: Tensor) -> Tensor:
        k, x, _ = self._place(u)
        _, b, c, d = (row[k] for row in self.coefficients)
        return torch.from_numpy((b + x * (2 * c + 3 * x * d)) / self.step)

    def _place(self, u: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The step of every state, how far into it, and how far beyond the ends (None: none is), in steps."""
        x = (u.numpy() - self.low) / self.step
        inside = np.clip(x, 0, _NODES - 1)
        k = np.minimum(inside.astype(np.int64), _NODES - 2)
        beyond = x - inside
        return k, inside - k, beyond if beyond.any() else None


@dataclass(frozen=True)
class SplineLaw:
    """W [target, source] with a zero diagonal, float64."""

    W: Tensor
    message: Curve
    update: Curve

    @classmethod
    def of(cls, net: SignalGNN, W: Tensor, states: Tensor) -> "SplineLaw":
        """The functions of a network that all units share, over the range of states [frame, unit]."""
        scale, like = float(net.state_scale), net.W

        def of(mlp: torch.nn.Module) -> Curve:
            return Curve.of(lambda u: mlp((u.to(like) / scale)[:, None])[:, 0], states)

        return cls(W, of(net.lin_edge), of(net.lin_phi))

    def __call__(self, u: Tensor, external: Tensor | None = None) -> Tensor:
        """du/dt [frame, unit] at states u [frame, unit]."""
        return self.update(u) + self.message(u) @ self.W.T

    def within_frame(self, u: Tensor, delta_t: float) -> Tensor:
        """How the mean slope over a frame differs from that at its start [frame, unit] (estimation.flow)."""
        correction = (advance(self, u, None, delta_t, 1) - u) / delta_t - self(u)
        return torch.where(correction.isfinite(), correction, 0)
