"""What the evaluations of all families share: their records, and the scores that any network has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from hydra_llm.data.observations import Observations
from hydra_llm.families.fitting import Fit
from hydra_llm.figures.loss import loss
from hydra_llm.metrics.dynamics import onestep_metrics, rollout_metrics

Found = TypeVar("Found", covariant=True)
Rollout = tuple[np.ndarray, np.ndarray]  # true, predicted [frame, unit]

LOST = 0.5  # a rollout is lost when its error passes this share of the spread of the states


@dataclass(frozen=True)
class OracleReport(Generic[Found]):
    """What the data can determine. found: the oracle itself; scores: oracle_* metrics; sentence: what the data cannot
    tell, for the log before training.
    """

    found: Found
    scores: dict[str, float]
    sentence: str


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found; families add what their figures need."""

    metrics: dict[str, float]


def held_out_scores(
    net: nn.Module,
    observations: Observations,
    n_frames: int,
    roll_out: Callable[[np.ndarray, np.ndarray | None], np.ndarray],
) -> tuple[dict[str, float], dict[str, Rollout]]:
    """Metrics of one-step prediction (test) and of rollouts of at most n_frames (val, test), and these rollouts.

    onestep is scored against the drift: what a perfect network would predict. roll_out(activity [frame, unit],
    external [frame, column] or None): the network's own trajectory [frame, unit] from the first of these frames.
    """
    metrics: dict[str, float] = {}
    rollouts: dict[str, Rollout] = {}
    for split, prefix in (("validation", "val"), ("test", "test")):
        recorded = observations.split(split)
        activity = recorded.activity[: min(n_frames, recorded.n_frames)]
        predicted = roll_out(activity, recorded.external)
        rollouts[split] = (np.array(activity), predicted)
        metrics |= rollout_metrics(predicted, activity, prefix=prefix, tolerance=LOST)
    test = observations.split("test")
    external = None if test.external is None else torch.tensor(test.external)
    with torch.no_grad():
        derivative = net(torch.tensor(test.activity), external)
    return metrics | onestep_metrics(derivative, test.drift, prefix="onestep"), rollouts


def loss_figures(fit: Fit) -> dict[str, Figure]:
    """The figure `loss`, where the fit logged any."""
    curves = {name: series for name, series in fit.history.items() if name.endswith("loss")}
    penalties = {name: series for name, series in fit.history.items() if name.endswith("penalty")}
    return {"loss": loss(curves, penalties, fit.best_interval, "interval of the fit (count)")} if curves else {}
