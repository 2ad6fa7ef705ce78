"""What a method is fitted to: states and targets, the same for oracle and network."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from hydra_llm.systems.differences import TARGETS, finite_difference


@dataclass(frozen=True)
class Samples:
    """States, targets du/dt and input of the same frames, each [frame, neuron]."""

    activity: ArrayLike
    target: ArrayLike
    external: ArrayLike | None

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
    ) -> "Samples":
        """The samples of a recorded trajectory for `target`: drift, or finite_difference of that order."""
        if target == "drift":
            return cls(activity, drift, external)
        if target == "finite_difference":
            u = torch.from_numpy(np.asarray(activity).astype(np.float64))
            estimate, frames = finite_difference(u, delta_t, order)
            held = None if external is None else np.asarray(external)[frames]
            return cls(np.asarray(activity)[frames], estimate, held)
        raise ValueError(f"target={target!r} is unknown. Choose one of: {', '.join(TARGETS)}.")

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
