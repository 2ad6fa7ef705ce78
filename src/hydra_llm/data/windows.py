"""From recorded trajectories to what a fit learns from: states, targets and inputs of the same frames."""

from typing import NamedTuple

import torch
from torch import Tensor

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.systems.differences import TARGETS, finite_difference, unbroken


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


def frames_of(
    split: RecordedSplit, target: str, difference_order: str, delta_t: float, sequence_start: Tensor | None = None
) -> Frames:
    """Frames of a recorded split with target drift (the oracle's derivative) or finite_difference (the experimenter's).

    difference_order: forward | central, used for finite differences only. sequence_start [sequence]: frames across
    which no difference is taken, the first of them 0; None: one trajectory.
    """
    activity = torch.tensor(split.activity)
    external = None if split.external is None else torch.tensor(split.external)
    if target == "drift":
        return Frames(activity, torch.tensor(split.drift), external, sequence_start)
    if target != "finite_difference":
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {target!r}.")
    derivative, within = finite_difference(activity, delta_t, difference_order)
    whole = unbroken(len(activity), sequence_start, difference_order)
    frame = torch.arange(len(activity))[within][whole]
    held = None if external is None else external[frame]
    if sequence_start is not None:  # of each sequence the first frame that is left
        sequence = torch.searchsorted(sequence_start, frame, right=True)
        first = torch.ones(len(frame), dtype=torch.bool)
        first[1:] = sequence[1:] != sequence[:-1]
        sequence_start = first.nonzero().ravel()
    return Frames(activity[frame], derivative[whole], held, sequence_start)
