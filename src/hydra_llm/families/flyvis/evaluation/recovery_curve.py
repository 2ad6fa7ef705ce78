"""How the recovery of W went while the phases of an alternating fit took turns.

The log has the columns epoch,iteration,connectivity_r2,phase, the phase being W or V_rest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

HEADER = "epoch,iteration,connectivity_r2,phase"
W_PHASE, V_REST_PHASE = "W", "V_rest"
_FLAT = 0.005  # a trend or a decay below it is none
_HOLDS = 0.02  # R2 may move by this much within a V_rest-phase; the published example of a healthy course loses 0.01
_LAST = 3  # points that decide on the trend


class Point(NamedTuple):
    """connectivity_r2 at the end of a stretch of training."""

    epoch: int
    iteration: int
    connectivity_r2: float
    phase: str


def to_text(points: Sequence[Point]) -> str:
    """The log, one line per point."""
    lines = [f"{p.epoch},{p.iteration},{p.connectivity_r2:.6g},{p.phase}" for p in points]
    return "\n".join([HEADER, *lines]) + "\n"


def trend(points: Sequence[Point]) -> str:
    """rising, stable or decaying, by the line through the last three points."""
    last = np.array([p.connectivity_r2 for p in points[-_LAST:]])
    if len(last) < 2:
        return "stable"
    change = float(np.polyfit(np.arange(len(last)), last, 1)[0]) * (len(last) - 1)
    return "rising" if change > _FLAT else "decaying" if change < -_FLAT else "stable"


def gains(points: Sequence[Point]) -> dict[str, list[float]]:
    """By phase, the change of R2 over each uninterrupted stretch of it; of the first one, from its first point."""
    found: dict[str, list[float]] = {W_PHASE: [], V_REST_PHASE: []}
    start = None
    for k, point in enumerate(points):
        if start is None or point.phase != points[k - 1].phase:
            start = points[k - 1].connectivity_r2 if k else None
        ends = k + 1 == len(points) or points[k + 1].phase != point.phase
        if ends and start is not None and point.phase in found:
            found[point.phase].append(point.connectivity_r2 - start)
    return found


def trajectory_metrics(points: Sequence[Point]) -> dict[str, float]:
    """connectivity_R2_peak, _peak_iteration, _final, _decay (peak - final), _gain_per_W_phase, _loss_per_V_rest_phase
    (above 0 when R2 falls while W should rest) and trajectory_healthy (1 or 0)."""
    values = [p.connectivity_r2 for p in points]
    best = int(np.argmax(values))
    changes = gains(points)
    scores = {
        "connectivity_R2_peak": values[best],
        "connectivity_R2_peak_iteration": float(points[best].iteration),
        "connectivity_R2_final": values[-1],
        "connectivity_R2_decay": values[best] - values[-1],
        "trajectory_healthy": float(is_healthy(points)),
    }
    if changes[W_PHASE]:
        scores["connectivity_R2_gain_per_W_phase"] = float(np.mean(changes[W_PHASE]))
    if changes[V_REST_PHASE]:
        scores["connectivity_R2_loss_per_V_rest_phase"] = -float(np.mean(changes[V_REST_PHASE]))
    return scores


def is_healthy(points: Sequence[Point]) -> bool:
    """R2 rises in W-phases, stays flat in V_rest-phases, and ends where it peaked."""
    changes = gains(points)
    rises = not changes[W_PHASE] or float(np.mean(changes[W_PHASE])) > -_FLAT
    holds = not changes[V_REST_PHASE] or min(changes[V_REST_PHASE]) >= -_HOLDS
    values = [p.connectivity_r2 for p in points]
    return rises and holds and values[-1] >= max(values) - _FLAT


def verdict(points: Sequence[Point]) -> str:
    """What a reader of the study wants to know of one fit, in two sentences."""
    values = [p.connectivity_r2 for p in points]
    best = points[int(np.argmax(values))]
    changes = gains(points)
    text = (
        f"R2 trajectory: peak {best.connectivity_r2:.3f} at iteration {best.iteration} ({best.phase}-phase), "
        f"final {values[-1]:.3f}, {trend(points)}."
    )
    if changes[W_PHASE]:
        text += f" A W-phase gains {float(np.mean(changes[W_PHASE])):+.3f}."
    if is_healthy(points):
        return f"{text} Healthy."
    if changes[V_REST_PHASE] and min(changes[V_REST_PHASE]) < -_HOLDS:
        return (
            f"{text} Unhealthy: V_rest-phases lose up to {-min(changes[V_REST_PHASE]):.3f}; alternate_lr_W or "
            "alternate_lr_edge may be too high."
        )
    if values[-1] < max(values) - _FLAT:
        return f"{text} Unhealthy: the fit ends below its peak."
    return f"{text} Unhealthy: W-phases do not raise it."
