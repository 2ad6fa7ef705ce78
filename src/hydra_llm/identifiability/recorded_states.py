"""What a recording shows before any law is assumed: whether its units move, in how many directions, how long."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hydra_llm.identifiability.least_squares import NULL_SINGULAR_VALUE

_FRAMES = 4000  # looked at for the rank, evenly spaced
_WIDEST = 512  # units; of more, the rank of all states says little about a unit that listens to a few
_PARTS = 20  # of the recording, of which the last is compared with the first
STILL = 1e-3  # du/dt below this share of its start: a fixed point
_WHITE = 1.9  # mean square step over variance; 2 is noise without memory


@dataclass(frozen=True)
class RecordedStates:
    """rank, condition: of the centred states, None of a wide recording. rate: rms of the change per frame in the last
    twentieth of the frames over that in the first, NaN if the first does not move.
    """

    n_frames: int
    n_units: int
    n_constant: int
    n_white: int
    rank: int | None
    condition: float | None
    rate: float

    @classmethod
    def of(cls, activity: ArrayLike) -> "RecordedStates":
        """activity [frame, unit]."""
        states = np.asarray(activity)
        rounding = 8 * float(np.finfo(states.dtype).eps)
        u = states[:: max(1, -(-len(states) // _FRAMES))].astype(np.float64)
        moving = np.ptp(u, axis=0) > rounding * np.abs(u).max(axis=0)
        part = max(2, len(states) // _PARTS)
        steps = [np.diff(states[own].astype(np.float64), axis=0) for own in (slice(0, part), slice(-part, None))]
        first, last = (float(np.sqrt((step**2).mean())) for step in steps)
        middle = len(states) // 2
        near = states[middle : middle + _FRAMES].astype(np.float64)  # neighbouring frames, not a selection
        jitter = (np.diff(near, axis=0) ** 2).mean(axis=0) if len(near) > 1 else np.zeros(len(moving))
        rank, condition = _directions(u, moving)
        return cls(
            n_frames=len(states),
            n_units=states.shape[1],
            n_constant=int((~moving).sum()),
            n_white=int((moving & (jitter > _WHITE * np.maximum(near.var(axis=0), 1e-300))).sum()),
            rank=rank,
            condition=condition,
            rate=last / first if first > 0 else math.nan,
        )

    @property
    def is_constant(self) -> bool:
        """Nothing at all moves: nothing can be learned."""
        return self.n_constant == self.n_units

    def sentence(self) -> str:
        """What was seen, in words."""
        if self.is_constant:
            return (
                f"None of the {self.n_units:,} recorded units moves beyond rounding over {self.n_frames:,} frames: "
                "the recording is one state, and determines no law."
            )
        text = "The recorded states"
        if self.rank is not None and self.condition is not None:
            text += (
                f" span {self.rank:,} of {self.n_units:,} directions to a relative precision of 1e-8 "
                f"(condition number {self.condition:.1e}) and"
            )
        if self.rate < STILL:
            text += (
                f" run into a fixed point: at the end they change at {self.rate:.1e} of the rate of the start, and "
                "late frames tell nothing new."
            )
        else:
            text += f" keep moving (at the end at {self.rate:.2g} of the rate of the start)."
        if self.n_constant:
            text += f" {self.n_constant:,} of {self.n_units:,} units do not move beyond rounding."
        if self.n_white:
            text += (
                f" {self.n_white:,} of {self.n_units:,} units move from frame to frame like noise without memory: "
                "sampled too coarsely, or buried in measurement noise."
            )
        return text


def _directions(u: np.ndarray, moving: np.ndarray) -> tuple[int | None, float | None]:
    """Rank and condition number (within the rank) of states [frame, unit]."""
    if u.shape[1] > _WIDEST or not moving.any():
        return None, None
    s = np.linalg.svd(u - u.mean(axis=0), compute_uv=False)
    rank = int((s > NULL_SINGULAR_VALUE * s[0]).sum())
    return rank, float(s[0] / s[rank - 1])
