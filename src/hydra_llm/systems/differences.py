"""Time derivatives of a recording, as an experimenter would estimate them.

Shared by all that need the target of `target: finite_difference`, so that network and oracle fit the same numbers.
"""

import torch
from torch import Tensor

TARGETS = ("drift", "finite_difference")  # the oracle's derivative, or the experimenter's
ORDERS = ("forward", "central")


def finite_difference(activity: Tensor, delta_t: float, order: str) -> tuple[Tensor, slice]:
    """Estimate du/dt from activity [frame, neuron].

    Returns the estimate and the slice of frames it belongs to: forward (u[k+1] - u[k]) / dt at k, an error of order dt
    but exact for an Euler recording without noise; central (u[k+1] - u[k-1]) / 2 dt, an error of order dt^2.
    """
    if order == "forward":
        return (activity[1:] - activity[:-1]) / delta_t, slice(0, len(activity) - 1)
    if order == "central":
        return (activity[2:] - activity[:-2]) / (2 * delta_t), slice(1, len(activity) - 1)
    raise ValueError(f"difference_order must be one of {', '.join(ORDERS)}, got {order!r}.")


def unbroken(n_frames: int, sequence_start: Tensor | None, order: str) -> Tensor:
    """Which estimates of finite_difference, as a mask [estimate], lie within one sequence of the recording.

    sequence_start [sequence]: frames at which a sequence begins, so that no difference reaches back across them; None:
    one trajectory.
    """
    begins = torch.zeros(n_frames, dtype=torch.bool)
    if sequence_start is not None:
        begins[sequence_start] = True
    following = ~begins[1:]  # from a frame to the next
    return following if order == "forward" else following[:-1] & following[1:]
