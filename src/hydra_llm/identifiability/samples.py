"""What a method is fitted to: states and targets, the same for oracle and network."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from hydra_llm.systems.differences import TARGETS, finite_difference, unbroken


@dataclass(frozen=True)
class Samples:
    """States, targets du/dt and input of the same frames, each [frame, neuron]; an input may have fewer columns."""

    activity: ArrayLike
    target: ArrayLike
    external: ArrayLike | None
    drift: ArrayLike | None = None  # the oracle's du/dt of the same frames, where the target is an estimate of it

    @classmethod
    def of(
        cls,
        activity: ArrayLike,
        drift: ArrayLike,
        external: ArrayLike | None,
        *,
        target: str,
        delta_t: float,
        order: str,
        sequence_start: Tensor | None = None,
    ) -> "Samples":
        """The samples of a recorded trajectory for `target`: drift, or finite_difference of that order.

        sequence_start: frames across which no difference is taken; None: one trajectory.
        """
        if target == "drift":
            return cls(activity, drift, external)
        if target == "finite_difference":
            u = torch.from_numpy(np.asarray(activity).astype(np.float64))
            estimate, frames = finite_difference(u, delta_t, order)
            held = None if external is None else np.asarray(external)[frames]
            whole = cls(np.asarray(activity)[frames], estimate, held, np.asarray(drift)[frames])
            keep = unbroken(len(u), sequence_start, order)
            return whole if keep.all() else whole.at(keep.numpy())
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {target!r}.")

    def at(self, frames: np.ndarray | slice) -> "Samples":
        """The frames of a mask, an index or a slice."""
        parts = (self.activity, self.target, self.external, self.drift)
        activity, target, external, drift = (None if part is None else np.asarray(part)[frames] for part in parts)
        assert activity is not None  # only the input and the drift may be missing
        assert target is not None
        return Samples(activity, target, external, drift)

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
