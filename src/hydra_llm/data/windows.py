"""What a fit learns from: states, targets and inputs of the same frames."""

from typing import NamedTuple

import torch
from torch import Tensor


class Frames(NamedTuple):
    """Frames of one trajectory, each array [frame, neuron].

    activity: states. target: du/dt to be predicted at those states. external: known input, or None. sequence_start
    [sequence]: frames at which a new sequence begins, that is where the state jumps; None: one sequence, or frames that
    do not follow each other.
    """

    activity: Tensor
    target: Tensor
    external: Tensor | None
    sequence_start: Tensor | None = None

    @property
    def n_frames(self) -> int:
        return self.activity.shape[0]

    def rollout_starts(self, horizon: int) -> Tensor:
        """Frames [start] with `horizon` more frames behind them in the same sequence."""
        frame = torch.arange(self.n_frames, device=self.activity.device)
        if self.sequence_start is None:
            return frame[: max(0, self.n_frames - horizon)]
        end = torch.cat([self.sequence_start[1:], self.sequence_start.new_tensor([self.n_frames])])
        sequence = torch.searchsorted(self.sequence_start, frame, right=True) - 1
        return frame[frame + horizon < end[sequence]]

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
