"""One recorded trajectory, as a method of estimation sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hydra_llm.data.scratch import room
from hydra_llm.data.windows import Frames

_AT_ONCE = 2**24  # states worked on together


@dataclass(frozen=True)
class Recorded:
    """activity [frame, unit], delta_t apart; external [frame, column]: the known input, held until the next frame, or
    None; sequence_start [sequence]: frames at which the state jumps, the first of them 0, or None: one trajectory.
    scratch: a folder for arrays that memory should not hold; None: memory holds all.
    """

    activity: Tensor
    external: Tensor | None
    delta_t: float
    sequence_start: Tensor | None = None
    scratch: Path | None = None

    @property
    def n_frames(self) -> int:
        return len(self.activity)

    def sequences(self) -> list[slice]:
        """The stretches without a jump, in order."""
        first = [0] if self.sequence_start is None else self.sequence_start.tolist()
        return [slice(start, stop) for start, stop in zip(first, [*first[1:], self.n_frames], strict=True)]

    def part(self, own: slice) -> "Recorded":
        """Its frames own.start to own.stop, as views; slice(None): all."""
        start, stop, _ = own.indices(self.n_frames)
        if (start, stop) == (0, self.n_frames):
            return self
        external = None if self.external is None else self.external[start:stop]
        starts = self.sequence_start
        if starts is not None:
            inside = starts[(starts > start) & (starts < stop)] - start
            starts = torch.cat([starts.new_zeros(1), inside])
        return Recorded(self.activity[start:stop], external, self.delta_t, starts, self.scratch)

    def every(self, step: int) -> "Recorded":
        """Every step-th frame of each sequence; of the input the mean until the next of these frames."""
        own = self.sequences()
        frame = torch.cat([torch.arange(part.start, part.stop, step) for part in own])
        lengths = torch.tensor([0, *(len(range(part.start, part.stop, step)) for part in own[:-1])])
        external = None
        if self.external is not None:
            held = [chunk.mean(dim=0) for part in own for chunk in self.external[part].split(step)]
            external = torch.stack(held)
        starts = None if self.sequence_start is None else lengths.cumsum(0)
        return Recorded(self.activity[frame], external, step * self.delta_t, starts, self.scratch)

    def interior(self, before: int, after: int) -> Tensor:
        """Frames [frame] with so many frames before and after them in their own sequence."""
        parts = [
            torch.arange(own.start + before, max(own.start + before, own.stop - after)) for own in self.sequences()
        ]
        return torch.cat([part for part in parts if len(part)] or [torch.arange(0)])

    def frames(self, frame: Tensor, states: Tensor, target: Tensor) -> Frames:
        """Equations at the selection `frame` (increasing): states and targets [frame, unit] with the input there."""
        external = None if self.external is None else self.at(frame, self.external)
        return Frames(states, target, external, self.starts_within(frame))

    def empty(self, n_frames: int, values: Tensor) -> Tensor:
        """Room for so many frames of an array like `values` [frame, column], on the disk where there are many."""
        return room((n_frames, values.shape[1]), values.dtype, self.scratch)

    def at(self, frame: Tensor, values: Tensor) -> Tensor:
        """values [frame, column] at the selection `frame`."""
        chosen = self.empty(len(frame), values)
        for own in self.blocks(len(frame)):
            chosen[own] = values[frame[own]]
        return chosen

    def blocks(self, n_frames: int) -> Iterator[slice]:
        """Consecutive slices of n_frames frames, of a size that memory holds many times."""
        step = max(1, _AT_ONCE // self.activity.shape[1])
        for start in range(0, n_frames, step):
            yield slice(start, start + step)

    def sample(self) -> "Recorded":
        """Enough to tell what kind of recording it is: of a long one in sequences, some of these, evenly spaced."""
        own, most = self.sequences(), max(1, _AT_ONCE // self.activity.shape[1])
        if self.n_frames <= most or len(own) == 1:
            return self
        n = max(1, round(len(own) * most / self.n_frames))
        chosen = [own[k] for k in torch.linspace(0, len(own) - 1, n).round().long().tolist()]
        lengths = torch.tensor([0, *(part.stop - part.start for part in chosen[:-1])])
        external = None if self.external is None else torch.cat([self.external[part] for part in chosen])
        activity = torch.cat([self.activity[part] for part in chosen])
        return Recorded(activity, external, self.delta_t, lengths.cumsum(0))

    def starts_within(self, frame: Tensor) -> Tensor | None:
        """Places in the selection `frame` (increasing) where a sequence begins; None where there is one trajectory."""
        if self.sequence_start is None:
            return None
        sequence = torch.searchsorted(self.sequence_start, frame, right=True)
        first = torch.ones(len(frame), dtype=torch.bool)
        first[1:] = sequence[1:] != sequence[:-1]
        return first.nonzero().ravel()
