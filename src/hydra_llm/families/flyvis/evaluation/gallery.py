"""The figures of a run of the family."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.families.evaluation import loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.flyvis.evaluation.probe import evaluate
from hydra_llm.families.flyvis.evaluation.truth import EyeTruth
from hydra_llm.families.flyvis.figures.by_type import by_type
from hydra_llm.families.flyvis.figures.hex_activity import hex_activity
from hydra_llm.families.flyvis.figures.hexagons import eye_activity, film
from hydra_llm.families.flyvis.figures.messages import messages
from hydra_llm.families.flyvis.figures.phases import phases
from hydra_llm.families.flyvis.figures.recovery import Parameter, recovery
from hydra_llm.figures.activity import activity
from hydra_llm.figures.embedding import embedding
from hydra_llm.figures.labels import Labels
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.scatter import scatter
from hydra_llm.metrics.gauge import recorded_grid

if TYPE_CHECKING:
    from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluation

VOLTAGES = Labels(unit="neuron", state="voltage v", state_unit="a.u.", time_unit="s")
_SHOWN_TYPES = ("R1", "L1", "L2", "Mi1", "Tm3", "T4a", "T5a")  # from the photoreceptor to motion detectors
_MAPS = 6  # frames on the lattice
_MAP_SECONDS = 1.0
_FILM_SECONDS = 4.0
_RASTER_FRAMES = 1000
_POINTS = 80


def draw(
    truth: EyeTruth, fit: Fit, evaluation: "FlyvisEvaluation", train: RecordedSplit, delta_t: float
) -> dict[str, Figure]:
    """All figures, by file name."""
    recovered, types = evaluation.recovered, truth.types
    shown = np.array(train.activity[:_RASTER_FRAMES])
    drawn = {
        "activity": activity(shown, delta_t, labels=VOLTAGES),
        "hex_activity": _on_the_lattice(truth, train, delta_t),
        **_eye(truth, train, delta_t),
        "recovery": recovery(
            [
                Parameter("W", "connectivity", "a.u.", truth.W, recovered.W),
                Parameter("tau", "tau", "s", truth.tau, recovered.tau),
                Parameter("V_rest", "V_rest", "a.u.", truth.v_rest, recovered.v_rest),
            ],
            evaluation.metrics,
        ),
        "by_type": by_type(
            types,
            truth.type_names,
            {"tau (s)": (truth.tau, recovered.tau), "V_rest (a.u.)": (truth.v_rest, recovered.v_rest)},
        ),
        "messages": _messages(truth, fit, evaluation, train),
    }
    test = evaluation.rollouts["test"]
    if test.recorded:
        central = truth.central()
        title = f"Rollout of a test sequence: the most central neuron of each of {len(central)} types"
        drawn["rollout_test"] = rollout(
            test.recorded[0][:, central], test.predicted[0][:, central], delta_t, title, VOLTAGES
        )
    drawn |= loss_figures(fit)
    a = fit.net.embedding.a.detach().numpy()
    if evaluation.clusters is not None and a.shape[1] >= 2 and np.ptp(a, axis=0).any():
        drawn["embedding"] = embedding(a, types, evaluation.clusters, evaluation.metrics.get("cluster_accuracy"))
    if evaluation.points:
        _, iterations, scores, names = zip(*evaluation.points, strict=True)
        drawn["r2_trajectory"] = phases(iterations, scores, names, "Recovery of W along the fit")
    return drawn


def sketch(truth: EyeTruth, fit: Fit, evaluation: "FlyvisEvaluation", train: RecordedSplit) -> dict[str, Figure]:
    """The weights and the messages."""
    return {
        "recovery": scatter(truth.W, evaluation.recovered.W, evaluation.metrics, "connectivity", "a.u."),
        "functions": _messages(truth, fit, evaluation, train),
    }


def _on_the_lattice(truth: EyeTruth, train: RecordedSplit, delta_t: float) -> Figure:
    """Some types over the first second of the recording."""
    names = [name for name in _SHOWN_TYPES if name in truth.type_names] or truth.type_names[:6]
    last = min(train.n_frames - 1, round(_MAP_SECONDS / delta_t))
    frames = np.unique(np.linspace(0, last, _MAPS).round().astype(int))
    column, columns, rows = truth.graph["column"].numpy(), {}, {}
    for name in names:
        own = truth.types == truth.type_names.index(name)
        if own.any():
            columns[name], rows[name] = column[own], np.array(train.activity[frames][:, own])
    return hex_activity(columns, rows, frames * delta_t, "Voltages on the lattice of columns", "v (a.u.)")


def _eye(truth: EyeTruth, train: RecordedSplit, delta_t: float) -> dict[str, Figure]:
    """What the eye saw in the first seconds of the recording, and all cell types in the middle of them."""
    column, drawn = truth.graph["column"].numpy(), {}
    n_frames = min(train.n_frames, max(2, round(_FILM_SECONDS / delta_t)))
    if train.external is not None:
        seen = np.array(train.external[:n_frames])
        drawn["film"] = film(seen, column[truth.graph["input_index"].numpy()], delta_t)
    middle = n_frames // 2
    voltage, names = np.array(train.activity[middle]), tuple(truth.type_names)
    drawn["voltages_by_type"] = eye_activity(voltage, column, truth.types, names, middle * delta_t)
    return drawn


def _messages(truth: EyeTruth, fit: Fit, evaluation: "FlyvisEvaluation", train: RecordedSplit) -> Figure:
    """The most central neuron of every type stands for it."""
    central, gauge = truth.central(), evaluation.recovered.gauge
    grid = recorded_grid(train.activity, _POINTS)
    raw = evaluate(fit.net.message, grid, fit.net)[:, central].T
    v = grid[:, central].T
    corrected = (raw - gauge.offset[central, None]) / gauge.scale[central, None]
    return messages(v, np.maximum(v, 0), corrected, raw, VOLTAGES)
