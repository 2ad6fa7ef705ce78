"""A recording whose sessions show different units, as stretches that know whom they show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.estimation.recorded import Recorded

VISIBLE = "visible"  # of the structure: bool [session, unit], whom each session shows
SESSION = "session"  # of the structure, with _<split>: the session of every stretch [stretch]


def sees_all(observations: Observations) -> bool:
    """Whether every session shows every unit."""
    return VISIBLE not in observations.meta.get("structure", ())


@dataclass(frozen=True)
class SessionStretch:
    """activity [frame, unit] of all units without a jump, float64; visible: bool [unit], whose columns were recorded.
    Those of the others hold what is presently believed of them, zeros at first.
    """

    session: int
    activity: Tensor
    visible: Tensor

    @property
    def hidden(self) -> Tensor:
        """Units [hidden]."""
        return (~self.visible).nonzero().ravel()

    def completed(self, states: Tensor) -> "SessionStretch":
        """With states [frame, hidden] of the hidden units."""
        activity = self.activity.clone()
        activity[:, self.hidden] = states
        return replace(self, activity=activity)


@dataclass(frozen=True)
class Sessions:
    """The stretches of one split, and whom each session shows: bool [session, unit]."""

    stretches: tuple[SessionStretch, ...]
    visible: Tensor
    delta_t: float

    @classmethod
    def of(cls, observations: Observations, split: str) -> "Sessions":
        visible = observations.structure(VISIBLE).bool()
        starts = observations.structure(f"sequence_start_{split}").tolist()
        numbers = observations.structure(f"{SESSION}_{split}").tolist()
        u = torch.from_numpy(np.array(observations.split(split).activity, dtype=np.float64))
        ends = [*starts[1:], len(u)]
        stretches = tuple(
            SessionStretch(session, u[start:stop], visible[session])
            for session, start, stop in zip(numbers, starts, ends, strict=True)
        )
        return cls(stretches, visible, float(observations.meta["delta_t"]))

    @property
    def n_units(self) -> int:
        return self.visible.shape[1]

    @property
    def together(self) -> Tensor:
        """Whether a session of this split shows both units: bool [target, source]."""
        shown = self.visible[self.numbers].double()
        return (shown.T @ shown) > 0

    @property
    def largest(self) -> int:
        """The session with the most recorded values."""
        sizes = {number: self._frames(number) * int(self.visible[number].sum()) for number in self.numbers}
        return max(sizes, key=lambda number: sizes[number])

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of the recorded states, both [unit]."""
        count, total, squares = (torch.zeros(self.n_units, dtype=torch.float64) for _ in range(3))
        for one in self.stretches:
            count += len(one.activity) * one.visible
            total += one.activity.sum(0) * one.visible
            squares += one.activity.square().sum(0) * one.visible
        mean = total / count
        return mean, (squares / count - mean.square()).clamp_min(1e-12 * float(squares.max()))

    def with_stretches(self, stretches: Sequence[SessionStretch]) -> "Sessions":
        return replace(self, stretches=tuple(stretches))

    def of_session(self, number: int) -> list[SessionStretch]:
        return [stretch for stretch in self.stretches if stretch.session == number]

    def recorded(self, number: int) -> Recorded:
        """The frames of one session, of the units that it shows."""
        own = self.of_session(number)
        u = torch.cat([stretch.activity[:, self.visible[number]] for stretch in own])
        starts = torch.tensor(np.cumsum([0, *(len(stretch.activity) for stretch in own[:-1])]))
        return Recorded(u, None, self.delta_t, starts)

    @property
    def numbers(self) -> list[int]:
        """Of the sessions that have frames in this split."""
        return sorted({stretch.session for stretch in self.stretches})

    def _frames(self, number: int) -> int:
        return sum(len(stretch.activity) for stretch in self.of_session(number))

    def sentence(self) -> str:
        """Who is shown by how many."""
        shown, n = self.visible.sum(1).tolist(), self.n_units
        seen = (float(self.together.sum()) - n) / max(1, n * (n - 1))
        return (
            f"{len(shown)} sessions show {', '.join(map(str, shown))} of {n} units; {seen:.0%} of all pairs are "
            "recorded together in one of them, and the weights of the others are not determined. What a session does "
            "not show is completed by the law that the others tell."
        )
