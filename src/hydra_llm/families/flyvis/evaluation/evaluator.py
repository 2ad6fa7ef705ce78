"""The fly visual system: its oracles, its scores, its tables. Sees the truth, after or beside the fit, never inside."""

import copy
import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig
from torch import Tensor

from hydra_llm.data.store import Dataset
from hydra_llm.families.fitting import Fit
from hydra_llm.families.flyvis.evaluation.edges import edge_metrics, perturbed_edge_metrics
from hydra_llm.families.flyvis.evaluation.external_input import external_input_metrics
from hydra_llm.families.flyvis.evaluation.gallery import draw
from hydra_llm.families.flyvis.evaluation.parameters import parameter_metrics, tolerance_metrics
from hydra_llm.families.flyvis.evaluation.probe import Probe
from hydra_llm.families.flyvis.evaluation.recovery_curve import Point, to_text, trajectory_metrics, verdict
from hydra_llm.families.flyvis.evaluation.relaxation_gauge import Recovered
from hydra_llm.families.flyvis.evaluation.rollouts import Rollouts, roll_out
from hydra_llm.families.flyvis.evaluation.type_table import TypeTable
from hydra_llm.families.flyvis.model.graph import known_graph
from hydra_llm.families.flyvis.oracle.report import FlyvisOracle, OracleParameters, flyvis_oracle
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.clustering import cluster, cluster_metrics
from hydra_llm.metrics.dynamics import onestep_metrics
from hydra_llm.metrics.scores import identity_r2

log = logging.getLogger(__name__)

_TOLERANCE = 0.1  # of the standard deviation of the true values: what counts as right for V_rest
_FRAMES = 500  # of a one-step prediction at once
_SNAPSHOT_STATES, _SNAPSHOT_POINTS = 16, 40  # a trajectory has many snapshots and needs no third digit


@dataclass(frozen=True)
class OracleReport:
    """Least squares with the true law: its scores (oracle_*), and a sentence on what the data cannot tell."""

    found: FlyvisOracle
    scores: dict[str, float]
    sentence: str


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    metrics: dict[str, float]
    recovered: Recovered
    scale: np.ndarray  # [source]: learned message = scale * relu + offset
    offset: np.ndarray
    rollouts: dict[str, Rollouts]
    clusters: np.ndarray | None
    points: list[Point]  # of the connectivity_R2 trajectory


class FlyvisEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._observations, self._truth = dataset.observations(), dataset.truth()
        self._target, self._difference_order = training.target, training.difference_order
        self._seed, self._rollout_frames = training.seed, training.rollout_frames
        meta = self._observations.meta
        self._delta_t, self._substeps = float(meta["delta_t"]), int(meta["substeps"])
        self.graph = known_graph(self._observations)
        self.type_names: list[str] = list(self._truth.meta["type_names"])
        self.groups: dict[str, str] = dict(self._truth.meta.get("groups", {}))
        self.types: np.ndarray = self._truth["neuron_type"].numpy()
        shown, W = self._truth["shown_edge"].numpy(), self._truth["W"].double().numpy()
        self.shown_edge, self.n_true_edges = shown, len(W)
        self.W = np.where(shown >= 0, W[np.maximum(shown, 0)], 0.0)  # true weights of the edges that are shown
        self.tau, self.v_rest = (self._truth[name].double().numpy() for name in ("tau", "v_rest"))

    # ---- before the fit ----

    def oracle(self) -> OracleReport:
        found = flyvis_oracle(self._samples("train"), self._samples("validation"), self.graph, torch.tensor(self.types))
        scores = dict(found.scores())
        for name, prefix, masks in (
            ("ls", "oracle", found),
            ("ridge", "oracle_ridge", None),
            ("tied", "oracle_tied", None),
        ):
            parameters: OracleParameters = getattr(found, name)
            W, tau, v_rest = (part.numpy() for part in (parameters.W, parameters.tau, parameters.v_rest))
            scores |= self._parameter_scores(W, tau, v_rest, masks, f"{prefix}_")
            if f"{prefix}_connectivity_R2" in scores:
                scores[f"oracle_{name}"] = scores[f"{prefix}_connectivity_R2"]
        return OracleReport(
            found, scores, found.sentence(self.graph, self._observations.meta["measurement_noise_level"])
        )

    def _samples(self, split: str) -> Samples:
        recorded = self._observations.split(split)
        return Samples.of(
            recorded.activity,
            recorded.drift,
            recorded.external,
            target=self._target,
            delta_t=self._delta_t,
            order=self._difference_order,
            sequence_start=self._starts(split),
        )

    def _starts(self, split: str) -> Tensor:
        return self._observations.structure(f"sequence_start_{split}")

    # ---- after the fit ----

    def score(self, fit: Fit, oracle: OracleReport) -> Evaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net, found = fit.net, oracle.found
        recovered, scale, offset = self._probe.recover(net)
        metrics = self._parameter_scores(recovered.W, recovered.tau, recovered.v_rest, found, "")
        metrics["tau_missing_share"] = float((~recovered.found).mean())
        if not recovered.found.all():
            log.info(
                "%d of %d neurons have no time constant: the learned derivative does not fall with the voltage. They "
                "count with the median of the others.",
                (~recovered.found).sum(),
                len(self.tau),
            )
        metrics |= perturbed_edge_metrics(recovered.W, self.W, self.shown_edge, self.n_true_edges)
        metrics |= self._published(net)
        rollouts = {split: self._roll_out(net, split) for split in ("validation", "test")}
        for split, prefix in (("validation", "val"), ("test", "test")):
            if rollouts[split].recorded:
                metrics |= rollouts[split].metrics(prefix)
            else:
                log.warning("Not reported: %s_R2, because no sequence of the split has three frames.", prefix)
        metrics |= self._onestep(net)
        stimulus = getattr(fit, "stimulus", None)
        if stimulus is not None:
            metrics |= external_input_metrics(stimulus, self._observations.split("train"), self._delta_t)
        clusters, scores = self._clusters(net, recovered)
        metrics |= scores
        points = self._trajectory(fit)
        if points:
            metrics |= trajectory_metrics(points)
            log.info("%s", verdict(points))
        metrics["n_neurons"], metrics["n_edges"] = float(len(self.tau)), float(self.n_true_edges)
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters()))
        return Evaluation(metrics, recovered, scale, offset, rollouts, clusters, points)

    @cached_property
    def _probe(self) -> Probe:
        return self._make_probe()

    def _make_probe(self, **sizes: int) -> Probe:
        train, validation = (self._observations.split(split) for split in ("train", "validation"))
        return Probe.of(self.graph["edge_index"], self.graph["input_index"], train, validation, **sizes)

    def _parameter_scores(
        self, W: np.ndarray, tau: np.ndarray, v_rest: np.ndarray, masks: FlyvisOracle | None, prefix: str
    ) -> dict[str, float]:
        """Scores of W, tau and V_rest under the names <prefix>connectivity_..., <prefix>tau_..., <prefix>V_rest_...."""
        source, target = self.graph["edge_index"].numpy()
        pair = np.unique(self.types[source] * len(self.type_names) + self.types[target], return_inverse=True)[1]
        known = (None, None, None)
        if masks is not None:
            known = (masks.identifiable_W, masks.identifiable_tau, masks.identifiable_v_rest)
        scores = edge_metrics(
            W, self.W, target=target, pair=pair, identifiable=known[0], prefix=f"{prefix}connectivity"
        )
        if np.ptp(self.tau) > 0:
            scores |= parameter_metrics(tau, self.tau, prefix=f"{prefix}tau", identifiable=known[1])
            slow = self.tau > self._delta_t
            fit = identity_r2(tau[slow], self.tau[slow]) if slow.any() else None
            if fit is not None:
                scores[f"{prefix}tau_R2_slow"] = fit  # of neurons with a memory of more than a frame
        else:
            scores[f"{prefix}tau_median_ratio"] = float(np.median(tau / self.tau))
            if not prefix:
                log.info(
                    "Not reported: tau_R2, because all neurons have tau = %.3g s; tau_median_ratio is.", self.tau[0]
                )
        scores |= parameter_metrics(v_rest, self.v_rest, prefix=f"{prefix}V_rest", identifiable=known[2])
        return scores | tolerance_metrics(v_rest, self.v_rest, prefix=f"{prefix}V_rest", tolerance=_TOLERANCE)

    def _published(self, net) -> dict[str, float]:
        """The same network through the correction of the publications, whose R2 is a squared correlation."""
        found = self._probe.published(net)
        scores: dict[str, float] = {}
        pairs = (("connectivity", found.W, self.W), ("tau", found.tau, self.tau), ("V_rest", found.v_rest, self.v_rest))
        for name, learned, true in pairs:
            if np.ptp(true) > 0 and np.ptp(learned) > 0:
                both = parameter_metrics(learned, true, prefix=f"{name}_published")
                scores |= {key: value for key, value in both.items() if not key.endswith("slope")}
        return scores

    def _roll_out(self, net, split: str) -> Rollouts:
        field = VoltageField.from_truth(self._truth, self.graph["input_index"], torch.float64, torch.device("cpu"))
        recorded, starts = self._observations.split(split), self._starts(split)
        return roll_out(net, field, recorded, starts, self._rollout_frames, self._delta_t, self._substeps)

    def _onestep(self, net) -> dict[str, float]:
        """One-step R2 on the test trajectory, against the drift: what a perfect network would predict."""
        test = self._observations.split("test")
        predicted = []
        with torch.no_grad():
            for start in range(0, test.n_frames, _FRAMES):
                own = slice(start, start + _FRAMES)
                held = None if test.external is None else torch.tensor(test.external[own]).to(net.W.dtype)
                predicted.append(net(torch.tensor(test.activity[own]).to(net.W.dtype), held).numpy())
        return onestep_metrics(np.concatenate(predicted), test.drift, prefix="onestep")

    def _clusters(self, net, recovered: Recovered) -> tuple[np.ndarray | None, dict[str, float]]:
        """Types found without labels, from what was recovered of every neuron, scaled to unit variance."""
        n_types = len(np.unique(self.types))
        if n_types < 2:
            return None, {}
        source, target = self.graph["edge_index"].numpy()
        n = len(self.tau)
        features = [recovered.tau, recovered.v_rest]
        for end in (target, source):  # mean and spread of the weights into and out of every neuron
            count = np.maximum(np.bincount(end, minlength=n), 1)
            mean = np.bincount(end, recovered.W, minlength=n) / count
            square = np.bincount(end, recovered.W**2, minlength=n) / count
            features += [mean, np.sqrt(np.maximum(square - mean**2, 0))]
        a = net.embedding.a.detach().double().numpy() if net.embedding.embedding_dim else np.empty((n, 0))
        labels = cluster(_standardised(np.column_stack([*features, a])), n_types, self._seed)
        scores = cluster_metrics(labels, self.types)
        if a.shape[1] and np.ptp(a, axis=0).any():
            own = cluster_metrics(cluster(_standardised(a), n_types, self._seed), self.types)
            scores["embedding_cluster_acc"], scores["embedding_cluster_ari"] = (
                own["cluster_accuracy"],
                own["cluster_ari"],
            )
        else:
            log.info("Not reported: embedding_cluster_acc, because the network has no embedding that differs.")
        return labels, scores

    def _trajectory(self, fit: Fit) -> list[Point]:
        """connectivity_R2 of every snapshot that the fit took."""
        if not fit.snapshots:
            return []
        probe = self._make_probe(n_states=_SNAPSHOT_STATES, n_points=_SNAPSHOT_POINTS)
        net, points = copy.deepcopy(fit.net), []
        for snapshot in fit.snapshots:
            net.load_state_dict(snapshot.state)
            score = identity_r2(probe.recover(net)[0].W, self.W)
            if score is not None:
                points.append(Point(snapshot.epoch, snapshot.iteration, score, snapshot.phase))
        return points

    # ---- what is left in the run folder ----

    def tables(self, fit: Fit, evaluation: Evaluation) -> dict[str, str]:
        """types.csv and types.md; connectivity_r2.log where the fit took snapshots."""
        table = TypeTable.of(self, evaluation.recovered, evaluation.clusters)
        files = {"types.csv": table.csv(), "types.md": table.markdown()}
        if evaluation.points:
            files["connectivity_r2.log"] = to_text(evaluation.points)
        return files

    def figures(self, fit: Fit, evaluation: Evaluation) -> dict[str, Figure]:
        train = self._observations.split("train")
        return draw(self, fit, evaluation, train, self._delta_t)


def _standardised(features: np.ndarray) -> np.ndarray:
    spread = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
