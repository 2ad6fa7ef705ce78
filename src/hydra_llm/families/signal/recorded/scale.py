"""The scale of messages where no truth gives it: standard deviation 1 over the recorded states, and rising.

(W, message) -> (W / c, c message) predicts the same, so some c has to be chosen. With this one W_ij is what a change of
one standard deviation in what j sends does to du_i/dt.
"""

import numpy as np

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.learned_functions import values
from hydra_llm.families.signal.model.gnn import SignalGNN

_STATES = 4000  # recorded frames that are looked at


def natural_scale(net: SignalGNN, activity: np.ndarray) -> np.ndarray:
    """c [source] by which messages are divided and weights multiplied; one number where all neurons share functions.

    activity: recorded states [frame, neuron]. A message that does not move at all keeps its scale.
    """
    u = np.array(activity[:: max(1, len(activity) // _STATES)], dtype=np.float64)
    message = values(net.message, net, u)
    centred, states = message - message.mean(axis=0), u - u.mean(axis=0)
    size, rises = np.sqrt((centred**2).mean(axis=0)), (centred * states).sum(axis=0)
    if net.is_shared:
        size, rises = np.full(len(size), np.sqrt((centred**2).mean())), np.full(len(size), rises.sum())
    return np.where(size > 0, np.where(rises < 0, -size, size), 1.0)


def scaled(found: Weights, factor: np.ndarray | float) -> Weights:
    """Weights and errors times a factor, one number or one for each source."""
    return Weights(found.value * factor, found.error * np.abs(factor), found.determined, found.blocks)


def factor_to(learned: np.ndarray, true: np.ndarray, *, shared: bool) -> np.ndarray:
    """The factors [source] that bring learned weights closest to true ones, both [target, source], in least squares.

    A true weight says nothing of its message, so the scale of the recording's own is free: one factor for all sources,
    or one per source where neurons have functions of their own.
    """
    axis = None if shared else 0
    products, squares = (learned * true).sum(axis=axis), (learned**2).sum(axis=axis)
    return np.broadcast_to(
        np.where(squares > 0, products / np.where(squares > 0, squares, 1), 1.0), len(learned)
    ).copy()
