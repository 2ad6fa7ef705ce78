"""From recorded trajectories to what a fit learns from: states, targets and inputs of the same frames."""

from typing import NamedTuple

import torch
from torch import Tensor

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.systems.differences import TARGETS, finite_difference, unbroken


class Frames(NamedTuple):
    """Frames of one trajectory, each array [frame, neuron].

    activity: states. target: du/dt to be predicted at those states. external: known input, or None.
    """

    activity: Tensor
    target: Tensor
    external: Tensor | None

    @property
    def n_frames(self) -> int:
        return self.activity.shape[0]

    def at(self, index: Tensor | slice) -> "Frames":
        """The frames of an index, in its order."""
        external = None if self.external is None else self.external[index]
        return Frames(self.activity[index], self.target[index], external)

    def spread(self, n_frames: int | None) -> "Frames":
        """At most n_frames of them, evenly spaced over the trajectory; None: all."""
        if n_frames is None or n_frames >= self.n_frames:
            return self
        index = torch.linspace(0, self.n_frames - 1, n_frames, dtype=torch.float64).round().long()
        return self.at(index.to(self.activity.device))


def frames_of(
    split: RecordedSplit, target: str, difference_order: str, delta_t: float, sequence_start: Tensor | None = None
) -> Frames:
    """Frames of a recorded split with target drift (the oracle's derivative) or finite_difference (the experimenter's).

    difference_order: forward | central, used for finite differences only. sequence_start: frames across which no
    difference is taken; None: one trajectory.
    """
    activity = torch.tensor(split.activity)
    external = None if split.external is None else torch.tensor(split.external)
    if target == "drift":
        return Frames(activity, torch.tensor(split.drift), external)
    if target == "finite_difference":
        derivative, frames = finite_difference(activity, delta_t, difference_order)
        whole = Frames(activity[frames], derivative, None if external is None else external[frames])
        keep = unbroken(len(activity), sequence_start, difference_order)
        return whole if keep.all() else whole.at(keep)
    raise ValueError(f"target={target!r} is unknown. Choose one of: {', '.join(TARGETS)}.")
