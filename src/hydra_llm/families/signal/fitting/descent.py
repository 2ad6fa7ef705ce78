"""Damped Gauss-Newton steps on a bilinear problem, its strengths chosen again before every step."""

import torch

from hydra_llm.families.signal.fitting.bilinear import BilinearProblem, Minimum, Strengths

_DAMPING, _LEAST, _MOST = 1e-6, 1e-15, 1e6
_UP, _DOWN = 8.0, 8.0
_ATTEMPTS = 10  # dampings tried before a descent ends
_FALL = 0.1  # the ridge falls at most by this factor per step: W must not explode while the functions are wrong
_SETTLED = 1  # steps before the smoothing is chosen


def descend(
    problem: BilinearProblem,
    point: Minimum,
    strengths: Strengths,
    *,
    steps: int,
    gain: float,
    weakest: float = 0.0,
) -> tuple[Minimum, Strengths]:
    """At most so many steps. gain: relative to the unexplained share; two steps in a row below it end the descent.

    weakest: no ridge below it.
    """
    k, damping, idle = problem.basis.n, _DAMPING, 0
    H = torch.zeros(2 * k, 2 * k, dtype=point.a.dtype)
    for number in range(steps):
        strengths, a = problem.likeliest(point, strengths, max(weakest, _FALL * strengths.ridge))
        point = min(
            (problem.at(start, point.c, strengths) for start in (a, point.a)), key=lambda candidate: candidate.loss
        )
        if number > _SETTLED:
            strengths = problem.smoothing(point, strengths, H)
            point = problem.at(point.a, point.c, strengths)
        H, gradient = problem.normal_equations(point, strengths)
        left = H + problem.penalty(strengths)
        diagonal = left.diagonal() + 1e-6 * left.diagonal().max()
        for _ in range(_ATTEMPTS):
            step = torch.linalg.solve(left + damping * diagonal.diag(), gradient)
            found = problem.at(point.a + step[:k], point.c + step[k:], strengths)
            if found.loss < point.loss:
                break
            damping = min(damping * _UP, _MOST)
        else:
            break
        gained = (point.loss - found.loss) / max(found.unexplained, 1e-300)
        point, damping = found, max(damping / _DOWN, _LEAST)
        idle = idle + 1 if gained < gain else 0
        if idle == 2:
            break
    return point, strengths
