"""What a fit learns from: states, targets and inputs of the same frames."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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

    def to(self, device: torch.device) -> "Frames":
        return Frames(*(None if part is None else part.to(device) for part in self))  # type: ignore[arg-type]

    def spread(self, n_frames: int | None) -> "Frames":
        """At most n_frames of them, evenly spaced over the trajectory; None: all."""
        if n_frames is None or n_frames >= self.n_frames:
            return self
        return self.at(_evenly(self.n_frames, n_frames).to(self.activity.device))


@dataclass(frozen=True)
class FrameParts:
    """Frames that pass through memory in consecutive parts, from the first one again whenever they are asked for."""

    n_frames: int
    parts: Callable[[], Iterable[Frames]]

    @classmethod
    def of(cls, frames: Frames, most: int) -> "FrameParts":
        """Frames that are there already, `most` at a time."""
        starts = range(0, frames.n_frames, most)
        return cls(frames.n_frames, lambda: (frames.at(slice(start, start + most)) for start in starts))

    def spread(self, n_frames: int | None) -> "FrameParts":
        """As Frames.spread, out of each part what falls into it."""
        if n_frames is None or n_frames >= self.n_frames:
            return self
        index = _evenly(self.n_frames, n_frames)

        def chosen() -> Iterator[Frames]:
            first = 0
            for part in self.parts():
                own = index[(index >= first) & (index < first + part.n_frames)] - first
                first += part.n_frames
                if len(own):
                    yield part.at(own.to(part.activity.device))

        return FrameParts(n_frames, chosen)

    def collected(self) -> Frames:
        """All of them at once."""
        parts = list(self.parts())
        activity, target = (
            torch.cat(own) for own in zip(*((part.activity, part.target) for part in parts), strict=True)
        )
        external = [part.external for part in parts if part.external is not None]
        return Frames(activity, target, torch.cat(external) if external else None)


def _evenly(n_frames: int, n_chosen: int) -> Tensor:
    """Indices of n_chosen of n_frames frames."""
    return torch.linspace(0, n_frames - 1, n_chosen, dtype=torch.float64).round().long()
