"""The fly visual system: its oracles, its scores, its tables. Sees the truth, after or beside the fit, never inside."""

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig
from torch import Tensor
from torch_geometric.data import Data

from hydra_llm.data.dataset import Dataset
from hydra_llm.families.bootstrap import error_of
from hydra_llm.families.csv_text import csv_text
from hydra_llm.families.evaluation import Evaluation, OracleReport, as_law, drift_at
from hydra_llm.families.fitting import Fit
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.evaluation.external_input import external_input_metrics
from hydra_llm.families.flyvis.evaluation.gallery import draw, sketch
from hydra_llm.families.flyvis.evaluation.partly_recorded import PartlyRecorded
from hydra_llm.families.flyvis.evaluation.probe import Probe
from hydra_llm.families.flyvis.evaluation.recovery_curve import Point, to_text, trajectory_metrics, verdict
from hydra_llm.families.flyvis.evaluation.relaxation_gauge import RecoveredParameters
from hydra_llm.families.flyvis.evaluation.rollouts import Rollouts, roll_out_sequences
from hydra_llm.families.flyvis.evaluation.tabulated import tabulated
from hydra_llm.families.flyvis.evaluation.truth import EyeTruth
from hydra_llm.families.flyvis.evaluation.type_clusters import cluster_types
from hydra_llm.families.flyvis.evaluation.type_table import TypeTable
from hydra_llm.families.flyvis.fitting.partial_eye import PartialEye
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.graph import known_graph
from hydra_llm.families.flyvis.oracle.by_prediction import by_prediction, is_possible
from hydra_llm.families.flyvis.oracle.report import FlyvisOracle, OracleParameters, flyvis_oracle, most_frames
from hydra_llm.families.flyvis.oracle.sample import neurons_to_look_at
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.dynamics import onestep_metrics
from hydra_llm.metrics.intervals import interval_metrics
from hydra_llm.metrics.scores import identity_r2
from hydra_llm.schema.fields import as_object
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

_STATES_AT_ONCE = 2**17  # of a one-step prediction: wide hidden layers take memory
_SNAPSHOT_STATES, _SNAPSHOT_POINTS = 16, 40  # a trajectory has many snapshots and needs no third digit


@dataclass(frozen=True)
class FlyvisEvaluation(Evaluation):
    recovered: RecoveredParameters
    rollouts: dict[str, Rollouts]
    clusters: np.ndarray | None
    points: list[Point]  # of the connectivity_R2 trajectory


class FlyvisEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._dataset, self._observations, self._stored = dataset, dataset.observations(), dataset.truth()
        self._target = training.target
        keys = as_object(training, FlyvisTraining)
        self._data, self._substeps = RecordingDataModule(dataset.path, keys, filters=True), keys.flow_substeps
        self._estimates = self._data.estimates
        self._seed, self._rollout_frames = training.seed, training.rollout_frames
        self._delta_t = float(self._observations.meta["delta_t"])
        self._graph = known_graph(self._observations)
        self._truth = EyeTruth.of(self._stored, self._graph)
        eye = PartialEye.of(self._observations)
        self._partly = None if eye is None else PartlyRecorded(eye, dataset, self._observations)

    # ---- before the fit ----

    def oracle(self) -> OracleReport[FlyvisOracle]:
        """Where neurons are hidden, the oracle is given their activity; oracle_silenced_... has them silent."""
        if self._partly is None:
            found = self._found(self._samples, self._graph, torch.from_numpy(self._truth.types))
            found = self._with_rounds(found)
            return self._report(found, found.sentence(self._graph, self._stored.meta["measurement_noise_sd"]))
        eye = self._partly.eye
        given = self._found(self._whole_samples, eye.graph, self._stored["neuron_type"])
        sentence = (
            f"{len(eye.hidden):,} of {eye.n_neurons:,} neurons are hidden. If their activity were known: "
            f"{given.sentence(eye.graph, self._stored.meta['measurement_noise_sd'])}"
        )
        report = self._report(self._partly.of_recorded(given), sentence)
        found = self._found(self._samples, self._graph, torch.from_numpy(self._truth.types))
        silenced = found.ceiling(self._target)
        values = (part.numpy() for part in (silenced.W, silenced.tau, silenced.v_rest))
        prefix = "oracle_silenced_"
        scores = self._truth.scores(*values, looked=found.looked, delta_t=self._delta_t, prefix=prefix)
        return replace(report, scores=report.scores | scores)

    def _found(self, samples: Callable[[str, int | None], Samples], graph: Data, types: Tensor) -> FlyvisOracle:
        most = most_frames(graph.num_edges)
        used = samples("train", most)
        n_recorded = self._observations.meta["n_frames"]["train"] if used.n_frames == most else used.n_frames
        looked = neurons_to_look_at(graph, types, used.n_frames)
        return flyvis_oracle(used, samples("validation", None), graph, types, n_recorded, looked)

    def _with_rounds(self, found: FlyvisOracle) -> FlyvisOracle:
        """With rounds of prediction errors, where a fit has them."""
        n_recorded = self._observations.meta["n_frames"]["train"]
        if found.looked.is_sample or not is_possible(self._data, self._graph.num_edges * n_recorded):
            return found
        W, tau, v_rest = (torch.from_numpy(part) for part in (self._truth.W, self._truth.tau, self._truth.v_rest))
        begin = OracleParameters(W, tau, v_rest, found=torch.ones_like(tau, dtype=torch.bool))
        dtype = getattr(torch, self._observations.meta["dtype"])
        flow, errors = by_prediction(self._data, self._graph, begin, found.solutions(), self._substeps, dtype)
        self._data.forget()  # frames that no score looks at would lie in memory during the fit
        return replace(found, flow=flow, preferred=min(errors, key=lambda name: errors[name]))

    def _report(self, found: FlyvisOracle, sentence: str) -> OracleReport[FlyvisOracle]:
        scores = dict(found.scores())
        named = {"ceiling": found.ceiling(self._target), "ls": found.ls, **found.solutions()}
        for name, parameters in named.items():
            prefix, masks = ("oracle", found) if name == "ceiling" else (f"oracle_{name}", None)
            values = (part.numpy() for part in (parameters.W, parameters.tau, parameters.v_rest))
            told = {"looked": found.looked, "identifiable": masks}
            scores |= self._truth.scores(*values, **told, delta_t=self._delta_t, prefix=f"{prefix}_")
            if name != "ceiling" and f"{prefix}_connectivity_R2" in scores:
                scores[f"oracle_{name}"] = scores[f"{prefix}_connectivity_R2"]
        return OracleReport(found, scores, sentence)

    def _samples(self, split: str, n_frames: int | None = None) -> Samples:
        """States and targets as the true law would refine them: what no method can better. n_frames: at most so many,
        evenly spaced.
        """
        law = self._by_frame if self._partly is None else self._by_frame_silenced
        return Samples(*self._estimates.frames(split, as_law(law), n_frames)[:3])

    def _whole_samples(self, split: str, n_frames: int | None = None) -> Samples:
        """The same of all neurons, where some are hidden."""
        assert self._partly is not None
        return self._partly.samples(self._estimates, as_law(self._by_frame), split, n_frames)

    def _drift(self, split: str) -> np.ndarray:
        """The true law [frame, recorded neuron] at the true states of a split."""
        drift = drift_at(self._by_frame, self._dataset.states(split), self._observations.whole_external(split))
        return drift if self._partly is None else drift[:, self._partly.eye.neuron.numpy()]

    def _by_frame(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        """The true law at states [frame, neuron]."""
        return _at(self._field, u, external, out)

    def _by_frame_silenced(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        """The true law of the recorded neurons at their states [frame, recorded neuron], the hidden ones silent."""
        return _at(self._silenced_field, u, external, out)

    @cached_property
    def _silenced_field(self) -> VoltageField:
        W, tau, v_rest = (torch.from_numpy(part) for part in (self._truth.W, self._truth.tau, self._truth.v_rest))
        return VoltageField(self._graph["edge_index"], W, tau, v_rest, self._graph["input_index"])

    @cached_property
    def _field(self) -> VoltageField:
        """Built once: sorting the synapses costs more than a derivative."""
        graph = self._graph if self._partly is None else self._partly.eye.graph
        return VoltageField.from_truth(self._stored, graph["input_index"], torch.float64, torch.device("cpu"))

    def _starts(self, split: str) -> Tensor:
        return self._observations.structure(f"sequence_start_{split}")

    # ---- after the fit ----

    def score(self, fit: Fit, oracle: OracleReport[FlyvisOracle]) -> FlyvisEvaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net, truth = fit.net, self._truth
        recovered = self._probe.recover(net)
        values = (recovered.W, recovered.tau, recovered.v_rest)
        metrics = truth.scores(*values, delta_t=self._delta_t) | truth.identifiable_scores(*values, oracle.found)
        metrics |= truth.moving_scores(recovered.tau, getattr(fit, "resting", None))
        metrics |= truth.inferred_scores(net, self._stored["edge_index"].numpy())
        errors = self._errors(fit, recovered)
        metrics |= self._error_scores(errors, recovered, len(fit.replicates) or None)
        metrics["tau_missing_share"] = float((~recovered.found).mean())
        if not recovered.found.all():
            log.info(
                "%d of %d neurons have no time constant: the learned derivative does not fall with the voltage. They "
                "count with the median of the others.",
                (~recovered.found).sum(),
                len(truth.tau),
            )
        metrics |= truth.gauge_scores(recovered)
        metrics |= self._probe.message_scores(net, recovered.gauge)
        metrics |= truth.perturbed_scores(recovered.W)
        metrics |= truth.published_scores(self._probe.published(net))
        rollouts = {split: self._roll_out(fit, split) for split in ("validation", "test")}
        for split, prefix in (("validation", "val"), ("test", "test")):
            if rollouts[split].recorded:
                metrics |= rollouts[split].metrics(prefix)
            else:
                log.warning("Not reported: %s_R2, because no sequence of the split has three frames.", prefix)
        metrics |= self._onestep(fit)
        if self._partly is not None:
            metrics |= self._partly.hidden_scores(_whole(fit))
        stimulus = getattr(fit, "stimulus", None)
        if stimulus is not None:
            metrics |= external_input_metrics(stimulus, self._observations.split("train"), self._delta_t)
        embedding = net.embedding.a.detach().double().numpy()
        clusters, scores = cluster_types(recovered, embedding, truth, self._seed)
        metrics |= scores
        points = self._trajectory(fit)
        if points:
            metrics |= trajectory_metrics(points)
            log.info("%s", verdict(points))
        metrics["n_neurons"], metrics["n_edges"] = float(len(truth.tau)), float(truth.n_true_edges)
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters()))
        arrays = {f"{prefix}_standard_error": error for prefix, error in errors.items()}
        return FlyvisEvaluation(metrics, recovered, rollouts, clusters, points, arrays=arrays)

    def _errors(self, fit: Fit, recovered: RecoveredParameters) -> dict[str, np.ndarray]:
        """Standard errors of W [edge], tau and V_rest [neuron] by the prefix of their metrics; none: nothing tells."""
        if fit.replicates:
            every = [self._probe.recover(net) for net in fit.replicates]
            named = {"connectivity": "W", "tau": "tau", "V_rest": "v_rest"}
            return {prefix: error_of([getattr(one, name) for one in every]) for prefix, name in named.items()}
        spread = getattr(fit, "spread", None)
        if spread is None:
            return {}
        gauge = recovered.gauge
        values = (recovered.W, recovered.tau, recovered.v_rest, gauge.scale, gauge.offset)
        found = spread.errors(*(torch.from_numpy(part) for part in values))
        return {"connectivity": found.W.numpy(), "tau": found.tau.numpy(), "V_rest": found.v_rest.numpy()}

    def _error_scores(
        self, errors: dict[str, np.ndarray], recovered: RecoveredParameters, n_fits: int | None
    ) -> dict[str, float]:
        """Standard errors, the medians, and how many of the 90 % intervals hold the truth."""
        pairs = {
            "connectivity": (recovered.W, self._truth.W),
            "tau": (recovered.tau, self._truth.tau),
            "V_rest": (recovered.v_rest, self._truth.v_rest),
        }
        scores: dict[str, float] = {}
        for prefix, error in errors.items():
            scores |= interval_metrics(pairs[prefix][0], error, pairs[prefix][1], prefix=prefix, n_fits=n_fits)
        return scores

    def recovery(self, net) -> dict[str, float]:
        """connectivity_R2, tau_R2 and V_rest_R2, as `score` has them, on fewer states."""
        found, truth = self._small_probe.recover(net), self._truth
        pairs = {
            "connectivity_R2": (found.W, truth.W),
            "tau_R2": (found.tau, truth.tau),
            "V_rest_R2": (found.v_rest, truth.v_rest),
        }
        scores = {name: identity_r2(learned, true) for name, (learned, true) in pairs.items()}
        return {name: value for name, value in scores.items() if value is not None}

    @cached_property
    def _probe(self) -> Probe:
        return self._make_probe()

    @cached_property
    def _small_probe(self) -> Probe:
        """For scores after every interval of a fit."""
        return self._make_probe(n_states=_SNAPSHOT_STATES, n_points=_SNAPSHOT_POINTS)

    def _make_probe(self, **sizes: int) -> Probe:
        train, validation = (self._observations.split(split) for split in ("train", "validation"))
        return Probe.of(self._graph["edge_index"], self._graph["input_index"], train, validation, **sizes)

    def _roll_out(self, fit: Fit, split: str) -> Rollouts:
        net, meta = fit.net, self._stored.meta
        if self._partly is not None:
            return self._partly.roll_out(net, _whole(fit), self._field, split, self._rollout_frames, meta)
        recorded, starts = self._observations.split(split), self._starts(split)
        return roll_out_sequences(net, self._field, recorded, starts, self._rollout_frames, self._delta_t, meta)

    def _onestep(self, fit: Fit) -> dict[str, float]:
        """One-step R2 on the test trajectory: network and true law at the true states."""
        net = fit.net
        if self._partly is not None:
            predicted = self._partly.onestep(net, _whole(fit), "test")
            return onestep_metrics(predicted, self._drift("test"), prefix="onestep")
        test, states = self._observations.split("test"), self._dataset.states("test")
        predicted, law = [], tabulated(net, states)
        with torch.no_grad():
            step = max(1, _STATES_AT_ONCE // states.shape[1])
            for start in range(0, len(states), step):
                own = slice(start, start + step)
                held = None if test.external is None else torch.tensor(test.external[own]).to(net.W.dtype)
                predicted.append(law(torch.tensor(states[own]).to(net.W.dtype), held).numpy())
        return onestep_metrics(np.concatenate(predicted), self._drift("test"), prefix="onestep")

    def _trajectory(self, fit: Fit) -> list[Point]:
        """connectivity_R2 of every snapshot that the fit took."""
        if not fit.snapshots:
            return []
        net, points = copy.deepcopy(fit.net), []
        for snapshot in fit.snapshots:
            net.load_state_dict(snapshot.state)
            score = identity_r2(self._small_probe.recover(net).W, self._truth.W)
            if score is not None:
                points.append(Point(snapshot.epoch, snapshot.iteration, score, snapshot.phase))
        return points

    # ---- what is left in the run folder ----

    def tables(self, fit: Fit, evaluation: FlyvisEvaluation) -> dict[str, str]:
        """types.csv and types.md; connectivity_r2.log where the fit took snapshots; undetermined.csv where neurons
        never move.
        """
        table = TypeTable.of(self._truth, evaluation.recovered, evaluation.clusters)
        files = {"types.csv": table.csv(), "types.md": table.markdown()}
        if evaluation.points:
            files["connectivity_r2.log"] = to_text(evaluation.points)
        resting = getattr(fit, "resting", None)
        if resting is not None:
            rows = (
                (number, self._truth.name_of(number), "tau and W into it")
                for number in np.flatnonzero(resting).tolist()
            )
            files["undetermined.csv"] = csv_text(("neuron", "type", "not determined"), rows)
        return files

    def figures(self, fit: Fit, evaluation: FlyvisEvaluation) -> dict[str, Figure]:
        return draw(self._truth, fit, evaluation, self._observations.split("train"), self._delta_t)

    def sketches(self, fit: Fit, evaluation: FlyvisEvaluation) -> dict[str, Figure]:
        return sketch(self._truth, fit, evaluation, self._observations.split("train"))


def _at(field: VoltageField, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
    """A law at states [frame, neuron], into out."""
    state = u.T.contiguous()
    light = None if external is None else external.T.contiguous()
    return out.copy_(field(state, light, torch.empty_like(state)).T)


def _whole(fit: Fit) -> FlyvisGNN | None:
    """The network of all neurons, where a fit has reconstructed hidden ones."""
    return getattr(fit, "whole", None)
