"""The map from one recorded frame to the next, fitted by deferred correction.

A frame apart, states are u' = Phi(u, I) + noise, Phi the flow of the law over delta_t with the input held. With an
estimate f of the law,

    target = (u' - u) / delta_t - [(Phi_f(u, I) - u) / delta_t - f(u, I)]

is what f should have been at u: what is left, f(u, I) - target = (Phi_f(u, I) - u') / delta_t, is the error of
predicting the next frame. Nothing later than u enters, so process noise leaves no bias, and a regression on these
targets is the maximum of the likelihood where each frame adds independent noise (Euler-Maruyama without its error of
order delta_t).
Pereyra, Numerische Mathematik 10 (1967), 316: deferred correction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.estimation.differences import Difference
from hydra_llm.estimation.method import Field
from hydra_llm.estimation.recorded import Recorded

_TOLERANCE = 1e-3  # error of the correction, relative to the correction, itself a few per cent of the law
_MOST_SUBSTEPS = 64
_SAMPLE = 64  # frames that decide on the substeps
_AT_ONCE = 2**20  # states integrated together


@dataclass(frozen=True)
class Flow:
    """Forward differences first; a refinement subtracts what the present law does within a frame."""

    name: str = "the flow over a frame"
    n_refinements: int = 4

    def frames(self, recorded: Recorded) -> Frames:
        return Difference("forward").frames(recorded)

    def refine(self, recorded: Recorded, field: Field) -> Frames:
        return self.refined(self.frames(recorded), field, recorded.delta_t)

    @staticmethod
    def refined(frames: Frames, field: Field, delta_t: float) -> Frames:
        """Forward differences of any frames, whose targets are replaced by the refined ones."""
        for own, correction in within_frame(field, frames, delta_t):
            frames.target[own] -= correction
        return frames


def within_frame(field: Field, frames: Frames, delta_t: float) -> Iterator[tuple[slice, Tensor]]:
    """(Phi(u) - u) / delta_t - f(u) [frame, unit]: how the mean slope over a frame differs from that at its start.

    Block by block, with the frames of each. Where a trajectory of the present law leaves the finite range, the
    difference counts as zero.
    """
    substeps = _substeps(field, frames.spread(_SAMPLE), delta_t)
    step = max(1, _AT_ONCE // frames.activity.shape[1])
    for start in range(0, frames.n_frames, step):
        own = slice(start, start + step)
        part = frames.at(own)
        with torch.no_grad():
            correction = _mean_slope(field, part, delta_t, substeps) - field(part.activity, part.external)
        yield own, torch.where(correction.isfinite(), correction, 0)


def advance(field: Field, u: Tensor, external: Tensor | None, delta_t: float, substeps: int) -> Tensor:
    """Phi(u) [batch, unit]: the state after delta_t, by classical Runge-Kutta steps with the input held."""
    dt = delta_t / substeps
    for _ in range(substeps):
        k1 = field(u, external)
        k2 = field(u + dt / 2 * k1, external)
        k3 = field(u + dt / 2 * k2, external)
        k4 = field(u + dt * k3, external)
        u = u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return u


def _mean_slope(field: Field, frames: Frames, delta_t: float, substeps: int) -> Tensor:
    return (advance(field, frames.activity, frames.external, delta_t, substeps) - frames.activity) / delta_t


def _substeps(field: Field, sample: Frames, delta_t: float) -> int:
    """As few as make the correction converge on the sample."""
    with torch.no_grad():
        at_start = field(sample.activity, sample.external)
        coarse = _mean_slope(field, sample, delta_t, 1)
        substeps = 1
        while substeps < _MOST_SUBSTEPS:
            fine = _mean_slope(field, sample, delta_t, 2 * substeps)
            if (fine - coarse).square().mean() <= _TOLERANCE**2 * (fine - at_start).square().mean():
                return substeps
            coarse, substeps = fine, 2 * substeps
    return substeps
