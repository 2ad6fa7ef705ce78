"""Time derivatives of a recording, as an experimenter would estimate them.

Shared by whoever needs the target of `target: finite_difference`, so that network and oracle fit the same numbers.
"""

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
    raise ValueError(f"difference order {order!r} is unknown. Choose one of: {', '.join(ORDERS)}.")
