"""What a method is fitted to: states and targets, the same for oracle and network."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor


@dataclass(frozen=True)
class Samples:
    """States, targets du/dt and input of the same frames, each [frame, neuron]; an input may have fewer columns."""

    activity: ArrayLike
    target: ArrayLike
    external: ArrayLike | None

    def at(self, frames: np.ndarray | slice) -> "Samples":
        """The frames of a mask, an index or a slice."""
        parts = (self.activity, self.target, self.external)
        activity, target, external = (None if part is None else np.asarray(part)[frames] for part in parts)
        assert activity is not None  # only the input may be missing
        assert target is not None
        return Samples(activity, target, external)

    @property
    def rounding(self) -> float:
        """Relative precision of the recorded states."""
        return float(np.finfo(np.asarray(self.activity).dtype).eps)

    @property
    def n_frames(self) -> int:
        return len(np.asarray(self.activity))

    def block(self, start: int, stop: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Frames [start, stop) of activity, target and input, in float64."""
        parts = (self.activity, self.target, self.external)
        activity, target, external = (None if p is None else _float64(p, start, stop) for p in parts)
        assert activity is not None  # only the input may be missing
        assert target is not None
        return activity, target, external


def _float64(values: ArrayLike, start: int, stop: int) -> Tensor:
    return torch.from_numpy(np.asarray(values)[start:stop].astype(np.float64))
