"""What units that a session does not show most likely did, given the law and the units that it shows.

The law of all units leaves of a stretch

e_k = (u_{k+1} - u_k) / delta_t - c_k - update(u_k) - W message(u_k),   of variance D_i per frame,

with c the correction within a frame (estimation.flow). Visible units are taken as recorded; the states h of the hidden
ones minimise sum_k |e_k|^2 / D + |h_0 - mean|^2 / variance by Gauss-Newton steps. What hidden units send shows in the
residuals of all visible ones, and their own law ties their states together. The normal matrix couples a frame to the
next alone, as in estimation.path, but its blocks are as wide as there are hidden units only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.estimation.path import PathNormal, banded
from hydra_llm.families.signal.fitting.sessions import Sessions, SessionStretch
from hydra_llm.families.signal.fitting.spline_law import SplineLaw

_HALVINGS = 8  # of a step that raises the cost
_GAIN = 1e-4  # of the cost: a smaller gain ends the steps


@dataclass(frozen=True)
class HiddenPaths:
    """noise [unit]: D; mean and variance [unit]: of a state at the start of a stretch."""

    law: SplineLaw
    noise: Tensor
    mean: Tensor
    variance: Tensor
    delta_t: float

    @classmethod
    def of(cls, law: SplineLaw, noise: Tensor, sessions: Sessions) -> "HiddenPaths":
        """Around the recorded states of all sessions."""
        return cls(law, noise, *sessions.moments(), sessions.delta_t)

    def likeliest(self, stretch: SessionStretch, correction: Tensor, steps: int) -> SessionStretch:
        """After at most so many steps from the present states. correction: c [frame - 1, unit]."""
        if not len(stretch.hidden):
            return stretch
        known = self._known(stretch, correction)
        cost = self._cost(stretch, known)
        for _ in range(steps):
            normal = self._normal(stretch, self._left(stretch, known))
            move = normal.solve(normal.gradient)
            before = cost
            for halving in range(_HALVINGS):
                trial = stretch.completed(stretch.activity[:, stretch.hidden] - move / 2**halving)
                trial_cost = self._cost(trial, known)
                if trial_cost < cost:
                    stretch, cost = trial, trial_cost
                    break
            if not before - cost > _GAIN * before:
                break
        return stretch

    def drawn(self, stretch: SessionStretch, generator: torch.Generator) -> SessionStretch:
        """A draw from the normal approximation around the likeliest states (perturb and solve, as estimation.path)."""
        if not len(stretch.hidden):
            return stretch
        n_frames, n = stretch.activity.shape
        shaken = torch.randn((n_frames - 1, n), generator=generator, dtype=torch.float64) * self.noise.sqrt()
        first = torch.randn(len(stretch.hidden), generator=generator, dtype=torch.float64)
        normal = self._normal(stretch, shaken, first * self.variance[stretch.hidden].sqrt())
        move = normal.solve(normal.gradient)
        return stretch.completed(stretch.activity[:, stretch.hidden] + move)

    def _known(self, stretch: SessionStretch, correction: Tensor) -> Tensor:
        """The part of e [frame - 1, unit] that does not depend on hidden units."""
        u, v = stretch.activity, stretch.visible
        known = -correction - self.law.message(u[:-1, v]) @ self.law.W[:, v].T
        known[:, v] += (u[1:, v] - u[:-1, v]) / self.delta_t - self.law.update(u[:-1, v])
        return known

    def _left(self, stretch: SessionStretch, known: Tensor) -> Tensor:
        """e [frame - 1, unit]."""
        h = stretch.hidden
        u = stretch.activity[:, h]
        left = known - self.law.message(u[:-1]) @ self.law.W[:, h].T
        left[:, h] += (u[1:] - u[:-1]) / self.delta_t - self.law.update(u[:-1])
        return left

    def _cost(self, stretch: SessionStretch, known: Tensor) -> float:
        h = stretch.hidden
        begins = ((stretch.activity[0, h] - self.mean[h]).square() / self.variance[h]).sum()
        return float((self._left(stretch, known).square() / self.noise).sum() + begins)

    def _normal(self, stretch: SessionStretch, left: Tensor, off: Tensor | None = None) -> PathNormal:
        """The equations at the present states, with their gradient for residuals `left` [frame - 1, unit] and for a
        distance `off` [hidden] of the first state from its mean; None: as it is."""
        h, dt, precision = stretch.hidden, self.delta_t, 1 / self.noise
        u, W = stretch.activity[:-1, h], self.law.W
        sends, own = self.law.message.slope(u), self.law.update.slope(u) + 1 / dt  # [frame - 1, hidden]
        shown = (W[:, h].T * precision) @ W[:, h]  # [hidden, hidden]
        across = precision[h, None] * W[h][:, h] * sends[:, None, :]
        crossed = own[:, :, None] * across
        diagonal = torch.zeros(len(u) + 1, len(h), len(h), dtype=torch.float64)
        diagonal[:-1] = sends[:, :, None] * shown * sends[:, None, :] + crossed + crossed.mT
        diagonal[:-1] += torch.diag_embed(own.square() * precision[h])
        diagonal[1:] += torch.diag(precision[h]) / dt**2
        diagonal[0] += torch.diag(1 / self.variance[h])
        below = -(across + torch.diag_embed(own * precision[h])) / dt
        weighted = left * precision
        gradient = torch.zeros(len(u) + 1, len(h), dtype=torch.float64)
        gradient[:-1] = -(weighted @ W[:, h]) * sends - own * weighted[:, h]
        gradient[1:] += weighted[:, h] / dt
        gradient[0] += (stretch.activity[0, h] - self.mean[h] if off is None else off) / self.variance[h]
        return PathNormal(banded(diagonal, below), gradient)
