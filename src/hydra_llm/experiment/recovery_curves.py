"""Recovery over training: what a network had recovered after each interval of its fit, scored when the fit is over.

For people to look at. The scores compare with the truth, so no checkpoint, early stop or search ever sees them;
metrics.json holds the scores of the network that was kept.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

from lightning.pytorch.loggers import Logger

from hydra_llm.families.family import Evaluator, ScoresRecovery
from hydra_llm.families.fitting import Fit

PREFIX = "recovery/"  # of the names of the curves


class RecoveryPoint(NamedTuple):
    """scores: by metric. step: at which loggers have the losses of the interval."""

    interval: int
    step: int
    scores: dict[str, float]


def recovery_curves(fit: Fit, evaluator: Evaluator) -> list[RecoveryPoint]:
    """One point per interval that the fit kept; none where the evaluator has no such scores."""
    if not isinstance(evaluator, ScoresRecovery) or not fit.intervals:
        return []
    net, points = copy.deepcopy(fit.net), []
    for interval, step, state in fit.intervals:
        net.load_state_dict(state)
        points.append(RecoveryPoint(interval, step, evaluator.recovery(net)))
    return [point for point in points if point.scores]


def log_curves(points: Sequence[RecoveryPoint], loggers: Sequence[Logger]) -> None:
    """recovery/<metric> at the step of each point, beside the losses."""
    for logger in loggers:
        for point in points:
            named = {f"{PREFIX}{name}": value for name, value in point.scores.items()}
            logger.log_metrics({**named, "epoch": float(point.interval)}, step=point.step)
