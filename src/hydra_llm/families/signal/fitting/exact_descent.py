"""The descent on a bilinear problem whose rest is no noise, only steps that are still to be made.

As noise it would reward a message for its determinant and hold the descent at a share of 1e-8, so the loss has none.
The smoothing still counts it as noise: without a roughness the curves run wild where few states are, and W with them.

Activity of few dimensions leaves directions of W that change the target by 1e-8 of what others do, so the descent has
to reach a share of 1e-16. Steps are least squares on the linearised residuals (BilinearProblem.factored): in their
normal matrix such directions are rounding. So they are in the evidence of the ridge, which is computed from the Gram
matrix of the messages: below TOLD the ridge is that of its fixed point, noise / (frames * mean square W) (MacKay 1992).
"""

from dataclasses import replace

import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.bilinear import BilinearProblem, Minimum, Strengths

TOLD = 1e-10  # share left unexplained below which the evidence no longer tells a ridge
WEAKEST = 1e-22  # ridge, relative to the mean square message
_DAMPING, _LEAST, _MOST = 1e-6, 1e-22, 1e6
_FACTOR, _ATTEMPTS = 8.0, 10  # between two dampings; dampings tried before a descent ends
_FALL = 0.1  # the ridge falls at most by this factor per step: W must not explode while the functions are wrong
_SETTLED = 1  # steps before the smoothing is chosen


def descend_exactly(
    problem: BilinearProblem, point: Minimum, strengths: Strengths, *, steps: int, gain: float
) -> tuple[Minimum, Strengths]:
    """At most so many steps. gain: relative to the unexplained share; two steps in a row below it end the descent."""
    k, damping, idle = problem.basis.n, _DAMPING, 0
    R = torch.zeros(1, 2 * k, dtype=point.a.dtype)
    for number in range(steps):
        before = strengths.ridge
        strengths, a, noise = _chosen(problem, point, strengths)
        point = min(
            (problem.at(start, point.c, strengths) for start in (a, point.a)), key=lambda candidate: candidate.loss
        )
        if number > _SETTLED:
            curvature = R[: 2 * k + 1].T @ R[: 2 * k + 1]
            strengths = replace(problem.smoothing(point, replace(strengths, noise=noise), curvature), noise=0.0)
            point = problem.at(point.a, point.c, strengths)
        R, z = problem.factored(point, strengths)
        for _ in range(_ATTEMPTS):
            step = _damped(R, z, damping)
            found = problem.at(point.a + step[:k], point.c + step[k:], strengths)
            if found.loss < point.loss:
                break
            damping = min(damping * _FACTOR, _MOST)
        else:
            break
        gained = (point.loss - found.loss) / max(found.unexplained, 1e-300)
        point, damping = found, max(damping / _FACTOR, _LEAST)
        falls = strengths.ridge < before / 2  # the ridge is on its way down, and the rest with it
        idle = idle + 1 if gained < gain and not falls else 0
        if idle == 2:
            break
    return point, strengths


def _chosen(problem: BilinearProblem, point: Minimum, strengths: Strengths) -> tuple[Strengths, Tensor, float]:
    """Strengths with the next ridge, an update [k] that belongs to it, and what the smoothing counts as noise."""
    least = _FALL * strengths.ridge
    likely, a = problem.likeliest(point, strengths, least)
    left = float(point.residual.square().mean())
    ridge = likely.ridge
    if point.unexplained < TOLD:
        ridge = min(ridge, left / problem.n_frames / max(float(point.W.square().mean()), 1e-300))
    return replace(likely, ridge=max(ridge, least, WEAKEST), noise=0.0), a, min(likely.noise, left)


def _damped(R: Tensor, z: Tensor, damping: float) -> Tensor:
    """The step [2 k] that solves R step = z in damped least squares."""
    size = R.square().sum(0)
    rows = (damping * (size + 1e-6 * size.max())).sqrt().diag()
    left, right = torch.cat([R, rows]), torch.cat([z, torch.zeros_like(size)])
    return torch.linalg.lstsq(left, right[:, None], driver="gels").solution[:, 0]
