"""The inner loop of every simulation: integrate a batch of trajectories and record their states."""

import torch
from torch import Tensor

from hydra_llm.systems.base import DivergenceError, Segment
from hydra_llm.systems.integrators import Integrator, VectorField

STATE_LIMIT = 1e6  # far above any state of these systems; a runaway trajectory passes it on its way to infinity
FRAMES_PER_SEGMENT = 1000  # the size of one progress step, and of what is in memory at once


def integrate(
    field: VectorField,
    method: Integrator,
    u: Tensor,  # [batch, unit]
    n_frames: int,
    delta_t: float,
    substeps: int,
    external: Tensor | None,  # [frame, batch, unit], held over each recording step
    noise: Tensor | None,  # [frame, draw, batch, unit]; one draw per frame or one per substep
    floor: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Record n_frames states [frame, batch, unit], and return them with the state that follows.

    floor: states below it are set to it after every step, as concentrations are to zero.
    """
    dt = delta_t / substeps
    activity = u.new_empty((n_frames + 1, *u.shape))
    slope = torch.empty_like(u)
    activity[0] = u
    states = activity.unbind(0)  # views once, not an index operation per step
    inputs = [None] * n_frames if external is None else external.unbind(0)
    kicks = [()] * n_frames if noise is None else [draws.unbind(0) for draws in noise.unbind(0)]
    kick_each_substep = noise is not None and noise.shape[1] == substeps

    for state, following, held, kick in zip(states, states[1:], inputs, kicks, strict=False):
        method.step(field, state, held, field(state, held, slope), dt, following)
        for substep in range(1, substeps):
            if kick_each_substep:
                following.add_(kick[substep - 1])
            if floor is not None:
                following.clamp_min_(floor)
            method.step(field, following, held, field(following, held, slope), dt, following)
        if kick:
            following.add_(kick[-1])
        if floor is not None:
            following.clamp_min_(floor)
    return activity[:-1], activity[-1].clone()


def check_finite(activity: Tensor, splits: tuple[str, ...], start: int, delta_t: float) -> None:
    """Raise DivergenceError for the earliest frame of activity [frame, split, unit] that is not a bounded number."""
    if activity.numel() == 0 or activity.abs().amax() <= STATE_LIMIT:  # a NaN fails this comparison
        return
    frame, row, unit = (int(k) for k in (~(activity.abs() <= STATE_LIMIT)).nonzero()[0])
    value = activity[frame, row, unit].item()
    raise DivergenceError(splits[row], start + frame, (start + frame) * delta_t, unit, value)


def segments(n_frames: dict[str, int], frames_per_segment: int = FRAMES_PER_SEGMENT) -> tuple[Segment, ...]:
    """Cut the frames into segments that end wherever a split ends."""
    last = max(n_frames.values())
    cuts = sorted({*range(0, last, frames_per_segment), *n_frames.values(), last} - {0})
    return tuple(
        Segment(tuple(split for split, n in n_frames.items() if n >= stop), start, stop)
        for start, stop in zip([0, *cuts[:-1]], cuts, strict=True)
    )
