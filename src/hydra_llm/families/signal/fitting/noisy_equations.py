"""A recording with measurement noise as equations in weak form, and how much noise each of them carries.

Against a bump psi around every frame (estimation.weak) the law of unit i is

-<psi', y_i> - <psi, input_i> = <psi, update_i> + sum_j W_ij <psi, message_j> + noise.

Functions are evaluated at states that are smoothed over a few frames only, and what is left of the noise is counted:

* a curved function of a noisy state is off by half its curvature times the variance, which is subtracted;
* its noise has a variance of (slope of the function)^2 times the measurement noise times the sum of squares of all
  filters together, which regressions take out of their Gram matrix (identifiability.noisy_features).

The noise of different frames is independent, so nothing else of it enters: psi' is odd and the filters are even.
Process noise within psi is correlated with later states; benchmarks/coverage.py shows no bias by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from scipy.ndimage import correlate1d
from scipy.signal import savgol_coeffs
from torch import Tensor

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.estimation.weak import bump

NARROWEST = 4  # frames from the centre of a test function to its end
SMOOTHED_SHARE = 6  # parts of that width over which states are smoothed to either side
LOOKED_AT = 64  # units whose smoothing decides
STRAIGHT = 2  # degree of the polynomial that smooths a state
_SHORTEST = 8  # widths in a stretch, at the least

Function = Callable[[Tensor], Tensor]  # of states [frame, unit], elementwise


@dataclass(frozen=True)
class Window:
    """half_width: frames from the centre of a test function to its end; smoothing: frames to either side that a state
    is smoothed over, 0: none."""

    half_width: int
    smoothing: int

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        """As wide as the smoothing that cross-validation chooses, both sides together."""
        step = -(-recorded.activity.shape[1] // LOOKED_AT)
        some = Recorded(recorded.activity[:, ::step], None, recorded.delta_t, recorded.sequence_start)
        _, strength = Smoothed().path(some)
        longest = max(own.stop - own.start for own in recorded.sequences())
        widest = max(NARROWEST, longest // _SHORTEST)
        width = min(max(NARROWEST, round(2 * float(strength.median()) ** (1 / 6))), widest)
        smoothing = width // SMOOTHED_SHARE
        return cls(width, smoothing if 2 * smoothing + 1 > STRAIGHT + 1 else 0)

    @property
    def reach(self) -> int:
        return self.half_width + self.smoothing

    @property
    def psi(self) -> np.ndarray:
        return bump(self.half_width, 1.0)[0].numpy()

    @property
    def local(self) -> np.ndarray:
        """Weights of the frames in a smoothed state."""
        return savgol_coeffs(2 * self.smoothing + 1, STRAIGHT) if self.smoothing else np.ones(1)


@dataclass(frozen=True)
class NoisyEquations:
    """measurement: variance of the measurement noise [unit]. Raises ValueError where no stretch is long enough."""

    recorded: Recorded
    measurement: Tensor
    window: Window

    def __post_init__(self) -> None:
        if not len(self.frames):
            raise ValueError(
                f"Equations over {2 * self.window.reach + 1} frames need as many without a jump, and no stretch of "
                "this recording is that long. Record longer, or choose another training.target than auto and smoothed."
            )

    @cached_property
    def frames(self) -> Tensor:
        """Centres of the equations [row]."""
        return self.recorded.interior(self.window.reach, self.window.reach)

    @cached_property
    def states(self) -> Tensor:
        """Smoothed over a few frames [frame, unit]."""
        return along_time(self.recorded.activity.double(), self.window.local)

    @cached_property
    def sd(self) -> Tensor:
        """Of the noise in a smoothed state [unit], never zero."""
        left = float((self.window.local**2).sum()) * self.measurement.double().clamp_min(0)
        return left.sqrt().clamp_min(1e-6 * float(self.states.std().clamp_min(1e-300)))

    @cached_property
    def noise(self) -> Tensor:
        """Variance of a function in an equation [unit], for a function of slope 1."""
        filters = np.convolve(self.window.psi, self.window.local)
        return float((filters**2).sum()) * self.measurement.double().clamp_min(0)

    @cached_property
    def known(self) -> Tensor:
        """What W and the update have to explain [frame, unit]; right at `frames`."""
        _, slope = bump(self.window.half_width, self.recorded.delta_t)
        known = along_time(self.recorded.activity.double(), -slope.numpy())
        if self.recorded.external is None:
            return known
        held = self.recorded.external.double()  # until the next frame, so half of it belongs to the frame before
        return known - along_time((held + held.roll(1, dims=0)) / 2, self.window.psi)

    def averaged(self, function: Function) -> tuple[Tensor, Tensor]:
        """The function in every equation [row, unit], and the variance of its noise [unit]."""
        with torch.no_grad():
            at = {k: function(self.states + k * self.sd).double().cpu() for k in range(-2, 3)}
        slopes = {k: ((at[k + 1] - at[k - 1]) / (2 * self.sd))[self.frames] for k in (-1, 0, 1)}
        noise = self.noise * unblurred({k: slope.square().mean(dim=0) for k, slope in slopes.items()}).clamp_min(0)
        return along_time(unblurred(at), self.window.psi)[self.frames], noise


def unblurred(at: Mapping[int, Tensor]) -> Tensor:
    """A function of noisy states without the bias of its curvature, from values at the states (0) and a standard
    deviation of the noise away (1, -1).

    These two have the mean that a Gaussian gives to polynomials up to degree three.
    """
    return 2 * at[0] - (at[1] + at[-1]) / 2


def along_time(values: Tensor, kernel: np.ndarray) -> Tensor:
    """sum_q kernel_q values[frame + q] [frame, ...]; right where all these frames exist."""
    return torch.from_numpy(correlate1d(values.numpy(), kernel, axis=0, mode="nearest"))
