"""The regression for W in weak form, on a recording with measurement noise.

Against a bump psi around every frame (estimation.weak) the law of unit i is

-<psi', y_i> - <psi, update_i + input_i> = sum_j W_ij <psi, message_j> + noise.

Messages are computed from states that are smoothed over a few frames only, and what is left of the noise is counted:

* a curved message of a noisy state is off by half its curvature times the variance, which is subtracted;
* its noise has a variance of (slope of the message)^2 times the measurement noise times the sum of squares of all
  filters together, which the regression takes out of its Gram matrix (identifiability.noisy_features).

Frames within psi are all that an equation sees, and noise of different frames is independent. Process noise within psi
is correlated with later states only to first order in its width, which coverage.py measures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import correlate1d
from scipy.signal import savgol_coeffs
from torch import Tensor

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.estimation.weak import bump
from hydra_llm.families.signal.fitting.given_functions import Terms

NARROWEST = 4  # frames from the centre of a test function to its end
SMOOTHED_SHARE = 6  # parts of that width over which states are smoothed to either side
LOOKED_AT = 64  # units whose smoothing decides
STRAIGHT = 2  # degree of the polynomial that smooths a state

Function = Callable[[Tensor], Tensor]  # of states [frame, unit], elementwise


@dataclass(frozen=True)
class Law:
    """Both functions of a network, at states [frame, unit]."""

    message: Function
    update: Function


@dataclass(frozen=True)
class Window:
    """half_width: frames from the centre of a test function to its end; smoothing: frames to either side that a state
    is smoothed over, 0: none."""

    half_width: int
    smoothing: int

    @classmethod
    def of(cls, recorded: Recorded) -> "Window":
        """As wide as the smoothing that cross-validation chooses, both sides together."""
        step = -(-recorded.activity.shape[1] // LOOKED_AT)
        some = Recorded(recorded.activity[:, ::step], None, recorded.delta_t, recorded.sequence_start)
        _, strength = Smoothed().path(some)
        longest = max(own.stop - own.start for own in recorded.sequences())
        width = min(max(NARROWEST, round(2 * float(strength.median()) ** (1 / 6))), max(NARROWEST, longest // 8))
        return cls(width, width // SMOOTHED_SHARE if width // SMOOTHED_SHARE > 1 else 0)

    @property
    def reach(self) -> int:
        return self.half_width + self.smoothing

    @property
    def local(self) -> np.ndarray:
        """Weights of the frames in a smoothed state."""
        return savgol_coeffs(2 * self.smoothing + 1, STRAIGHT) if self.smoothing else np.ones(1)


def weak_terms(law: Law, recorded: Recorded, measurement: Tensor, window: Window) -> Terms:
    """measurement: variance of the measurement noise [unit]. Raises ValueError where no stretch is long enough."""
    frame = recorded.interior(window.reach, window.reach)
    if not len(frame):
        raise ValueError(
            f"Equations over {2 * window.reach + 1} frames need as many without a jump, and no stretch of this "
            "recording is that long. Record longer, or choose another training.target than auto and smoothed."
        )
    psi, slope = (part.numpy() for part in bump(window.half_width, recorded.delta_t))
    y, left = recorded.activity.double(), measurement.double().clamp_min(0)
    states = _along_time(y, window.local)
    sd = (float((window.local**2).sum()) * left).sqrt()
    message, steepness = _despite_noise(law.message, states, sd)
    rest = _along_time(y, -slope) - _along_time(_despite_noise(law.update, states, sd)[0], psi)
    if recorded.external is not None:  # held until the next frame, so half of it belongs to the frame before
        held = recorded.external.double()
        rest -= _along_time((held + held.roll(1, dims=0)) / 2, psi)
    filters = float((np.convolve(psi, window.local) ** 2).sum())
    noise = filters * left * steepness[frame].mean(dim=0).clamp_min(0)
    return Terms(_along_time(message, psi)[frame], rest[frame], noise)


def _despite_noise(function: Function, states: Tensor, sd: Tensor) -> tuple[Tensor, Tensor]:
    """The function at states of which Gaussian noise of that standard deviation [unit] is a part, and the square of its
    slope, both [frame, unit] and without the bias that curvature makes of noise.

    Two points a standard deviation away have the mean of a Gaussian for polynomials up to degree three.
    """
    step = sd.clamp_min(1e-6 * float(states.std().clamp_min(1e-300)))
    with torch.no_grad():
        at = {k: function(states + k * step).double() for k in range(-2, 3)}
    steepness = {k: ((at[k + 1] - at[k - 1]) / (2 * step)).square() for k in (-1, 0, 1)}
    return _unblurred(at), _unblurred(steepness)


def _unblurred(at: Mapping[int, Tensor]) -> Tensor:
    return 2 * at[0] - (at[1] + at[-1]) / 2


def _along_time(values: Tensor, kernel: np.ndarray) -> Tensor:
    """sum_q kernel_q values[frame + q] [frame, unit]; right where all these frames exist."""
    return torch.from_numpy(correlate1d(values.numpy(), kernel, axis=0, mode="nearest"))
