"""What the evaluations of all families share: their records, and the scores that any network has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from hydra_llm.data.dataset import Dataset
from hydra_llm.estimation.method import Field
from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit
from hydra_llm.families.rollouts import roll_out_together
from hydra_llm.figures.loss import loss
from hydra_llm.identifiability.recorded_states import RecordedStates
from hydra_llm.metrics.dynamics import onestep_metrics, rollout_metrics
from hydra_llm.systems.integrators import VectorField

Found = TypeVar("Found", covariant=True)
Rollout = tuple[np.ndarray, np.ndarray]  # true, predicted [frame, unit]

PREFIXES = {"validation": "val", "test": "test"}  # split -> prefix of its metrics
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
    """What an evaluation found; families add what their figures need. arrays: for the run folder, as <name>.npy."""

    metrics: dict[str, float]
    arrays: dict[str, np.ndarray] = field(default_factory=dict, kw_only=True)


def sentence_on_states(activity: np.ndarray) -> str:
    """What training frames [frame, unit] show, before any law is assumed. Raises FitFailed for one state alone."""
    recorded = RecordedStates.of(activity)
    if recorded.is_constant:
        raise FitFailed(f"{recorded.sentence()} Record the transient, drive the system, or choose another regime.")
    return recorded.sentence()


def held_out_scores(
    net: nn.Module,
    dataset: Dataset,
    field: VectorField,
    n_frames: int,
    floor: float | None = None,
    recorded: Tensor | None = None,
) -> tuple[dict[str, float], dict[str, Rollout]]:
    """Metrics of one-step prediction (test) and of rollouts of at most n_frames (val, test), and these rollouts.

    onestep compares network and true law at the true states. field: the true law, in float64. floor: the lowest
    possible state. recorded [unit]: the units that net is about, where field has hidden ones too; None: all. Rollouts
    start at the first recorded frame and are compared with the recording; where that has
    process noise, <prefix>_noise_free_... compare them with the true law from there, which has none.
    """
    observations = dataset.observations()
    metrics, rollouts = _rollout_scores(net, dataset, dataset.truth().meta, field, n_frames, floor, recorded)
    states, external = dataset.states("test"), observations.split("test").external
    own = slice(None) if recorded is None else recorded.numpy()
    with torch.no_grad():
        derivative = net(torch.tensor(states[:, own]), None if external is None else torch.tensor(external))
    drift = drift_at(field, states, observations.whole_external("test"))[:, own]
    return metrics | onestep_metrics(derivative, drift, prefix="onestep"), rollouts


def _rollout_scores(
    net: nn.Module,
    dataset: Dataset,
    meta: Mapping[str, Any],
    field: VectorField,
    n_frames: int,
    floor: float | None,
    units: Tensor | None,
) -> tuple[dict[str, float], dict[str, Rollout]]:
    observations = dataset.observations()
    parts = [observations.split(split) for split in PREFIXES]
    recorded = [np.array(part.activity[:n_frames]) for part in parts]
    lengths = [len(states) for states in recorded]
    starts = [torch.tensor(states[:1]) for states in recorded]
    inputs = [None if part.external is None else torch.tensor(part.external[:n_frames]) for part in parts]
    steps = {"meta": meta, "delta_t": float(observations.meta["delta_t"]), "floor": floor}
    predicted = roll_out_together(net, starts, lengths, inputs, **steps)
    rollouts = {split: (states, own.numpy()) for split, states, own in zip(PREFIXES, recorded, predicted, strict=True)}
    metrics: dict[str, float] = {}
    for split, prefix in PREFIXES.items():
        true, own = rollouts[split]
        metrics |= rollout_metrics(own, true, prefix=prefix, tolerance=LOST)
    if meta["noise_model_level"] > 0:
        exact = [start.double() for start in starts]
        if units is not None:  # hidden units start from the truth
            whole = [torch.tensor(dataset.states(split)[:1]).double() for split in PREFIXES]
            exact = [states.index_copy(1, units, start) for states, start in zip(whole, exact, strict=True)]
            held = [observations.whole_external(split) for split in PREFIXES]
            inputs = [None if part is None else torch.tensor(part[:n_frames]) for part in held]
        without = roll_out_together(as_law(field), exact, lengths, inputs, **steps)
        if units is not None:
            without = [states[:, units] for states in without]
        for (split, prefix), law in zip(PREFIXES.items(), without, strict=True):
            own = rollouts[split][1]
            metrics |= rollout_metrics(own, law.numpy(), prefix=f"{prefix}_noise_free", tolerance=LOST)
    return metrics, rollouts


def as_law(field: VectorField) -> Field:
    """A true law as a method of estimation takes it: du/dt of states and input, in float64."""

    def law(u: Tensor, external: Tensor | None) -> Tensor:
        u, held = u.double(), None if external is None else external.double()
        return field(u, held, torch.empty_like(u))

    return law


def drift_at(field: VectorField, states: np.ndarray, external: np.ndarray | None) -> np.ndarray:
    """The true law in float64 at states [frame, unit] and the input of their frames [frame, column]: [frame, unit]."""
    held = None if external is None else torch.tensor(external)
    with torch.no_grad():
        return as_law(field)(torch.tensor(states), held).numpy()


def loss_figures(fit: Fit) -> dict[str, Figure]:
    """The figure `loss`, where the fit logged any."""
    curves = {name: series for name, series in fit.history.items() if name.endswith("loss")}
    penalties = {name: series for name, series in fit.history.items() if name.endswith("penalty")}
    return {"loss": loss(curves, penalties, fit.best_interval, "interval of the fit (count)")} if curves else {}
