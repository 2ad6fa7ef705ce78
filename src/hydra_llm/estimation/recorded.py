"""One recorded trajectory, as a method of estimation sees it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames


@dataclass(frozen=True)
class Recorded:
    """activity [frame, unit], delta_t apart; external [frame, column]: the known input, held until the next frame, or
    None; sequence_start [sequence]: frames at which the state jumps, the first of them 0, or None: one trajectory.
    """

    activity: Tensor
    external: Tensor | None
    delta_t: float
    sequence_start: Tensor | None = None

    @property
    def n_frames(self) -> int:
        return len(self.activity)

    def sequences(self) -> list[slice]:
        """The stretches without a jump, in order."""
        first = [0] if self.sequence_start is None else self.sequence_start.tolist()
        return [slice(start, stop) for start, stop in zip(first, [*first[1:], self.n_frames], strict=True)]

    def interior(self, before: int, after: int) -> Tensor:
        """Frames [frame] with so many frames before and after them in their own sequence."""
        parts = [
            torch.arange(own.start + before, max(own.start + before, own.stop - after)) for own in self.sequences()
        ]
        return torch.cat([part for part in parts if len(part)] or [torch.arange(0)])

    def frames(self, frame: Tensor, states: Tensor, target: Tensor) -> Frames:
        """Equations at the selection `frame` (increasing): states and targets [frame, unit] with the input there."""
        external = None if self.external is None else self.external[frame]
        return Frames(states, target, external, self.starts_within(frame))

    def starts_within(self, frame: Tensor) -> Tensor | None:
        """Places in the selection `frame` (increasing) where a sequence begins; None where there is one trajectory."""
        if self.sequence_start is None:
            return None
        sequence = torch.searchsorted(self.sequence_start, frame, right=True)
        first = torch.ones(len(frame), dtype=torch.bool)
        first[1:] = sequence[1:] != sequence[:-1]
        return first.nonzero().ravel()
