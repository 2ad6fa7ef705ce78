"""The two functions that a SignalGNN has learned, in the gauge of the truth, and how sure its weights are."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.ridge import additive_input
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.system import RateField
from hydra_llm.identifiability.evidence import evidence_ridge
from hydra_llm.identifiability.least_squares import factorise
from hydra_llm.metrics.gauge import rescale_sources
from hydra_llm.metrics.scores import function_r2

_STATES = 2000  # recorded frames at which functions are compared
_BLOCK = 4096  # frames per step of a regression
_PROFILE = 50  # points of a profile


@dataclass(frozen=True)
class LearnedFunctions:
    """scale: c [source] of message = c phi + d, NaN where it is not told. W: in the gauge of the truth."""

    net: SignalGNN
    scale: np.ndarray
    W: np.ndarray

    def message(self, u: np.ndarray, offset: np.ndarray | float = 0.0) -> np.ndarray:
        """message / c - offset [..., source]."""
        c = rescale_sources(np.ones((1, len(self.scale))), self.scale)[0]
        return values(self.net.message, self.net, u) / np.where(c == 0, 1, c) - offset

    def update(self, u: np.ndarray, offset: np.ndarray | float = 0.0) -> np.ndarray:
        """update + what the offsets of the messages amount to at each target [..., target]."""
        return values(self.net.update, self.net, u) + (self.W * offset).sum(axis=1)

    def offset(self, u: np.ndarray, field: RateField) -> np.ndarray:
        """d / c [source]: the constant of a message, which the update function takes over; u [frame, source]."""
        return (self.message(u) - _true(field.message, u)).mean(axis=0)

    def scores(self, activity: np.ndarray, field: RateField) -> dict[str, float]:
        """message_R2 and update_R2 at recorded states [frame, neuron]: 1 - SSE / SST, the mean taken per neuron.

        Over recorded states, so that a function counts where the states were. message_R2 over sources with a scale.
        """
        u = np.array(activity[:: max(1, len(activity) // _STATES)], dtype=np.float64)
        offset, told = self.offset(u, field), np.isfinite(self.scale)
        pairs = {
            "message_R2": (self.message(u, offset)[:, told], _true(field.message, u)[:, told]),
            "update_R2": (self.update(u, offset), _true(field.intrinsic, u)),
        }
        found = {name: function_r2(learned, true) for name, (learned, true) in pairs.items()}
        return {name: value for name, value in found.items() if value is not None}

    def profiles(self, activity: np.ndarray) -> np.ndarray:
        """Update and message of every neuron on one grid [neuron, feature], without the truth.

        Free of the gauge of the embedding, and of that of the message: its profile has mean 0, size 1 and rises. Both
        halves have the same weight.
        """
        low, high = np.quantile(activity, [0.01, 0.99])
        grid = np.repeat(np.linspace(low, high, _PROFILE)[:, None], activity.shape[1], axis=1)
        update, message = (values(part, self.net, grid).T for part in (self.net.update, self.net.message))
        message = message - message.mean(axis=1, keepdims=True)
        size = message.std(axis=1, keepdims=True)
        rises = np.where(message @ np.linspace(-1, 1, _PROFILE) < 0, -1.0, 1.0)[:, None]
        message = rises * message / np.where(size > 0, size, 1)
        return np.concatenate([update / max(float(update.std()), 1e-300), message], axis=1)


def values(function, net: SignalGNN, u: np.ndarray) -> np.ndarray:
    """A function of the network at states [..., neuron], in float64."""
    with torch.no_grad():
        return function(torch.from_numpy(u).to(net.W.dtype)).double().numpy()


def standard_errors(net: SignalGNN, frames: Frames) -> np.ndarray | None:
    """Posterior standard deviation of W [target, source] in the network's own gauge, given its functions.

    From the ridge of largest evidence on the frames. None where the input multiplies: each target has features of its
    own.
    """
    if net.input_mode == "multiplicative":
        return None

    def blocks():
        for start in range(0, frames.n_frames, _BLOCK):
            part = frames.at(slice(start, start + _BLOCK))
            with torch.no_grad():
                rest: Tensor = part.target - net.update(part.activity) - additive_input(net, part)
                yield net.message(part.activity).double(), rest.double()

    return evidence_ridge(factorise(blocks()), constrain=True).variance.sqrt().T.numpy()


def _true(function, u: np.ndarray) -> np.ndarray:
    return function(torch.from_numpy(u)).numpy()
