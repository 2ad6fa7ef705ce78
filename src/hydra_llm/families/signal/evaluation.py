"""The signal family: its oracle, its scores, its figures. Sees the truth, after or beside the fit, never inside it."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig
from torch import nn

from hydra_llm.data.store import Dataset
from hydra_llm.data.windows import frames_of
from hydra_llm.families.evaluation import Evaluation, OracleReport, Rollout, held_out_scores, loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.signal.figures.eigenvalues import eigenvalues
from hydra_llm.families.signal.figures.functions import functions
from hydra_llm.families.signal.figures.weights import weights
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.oracle import SignalOracle, signal_oracle
from hydra_llm.families.signal.system import RateField
from hydra_llm.figures.activity import activity
from hydra_llm.figures.embedding import embedding
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.spectrum import spectrum
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.clustering import cluster, cluster_metrics
from hydra_llm.metrics.connectivity import connectivity_metrics
from hydra_llm.metrics.gauge import recorded_grid, rescale_sources, source_scale
from hydra_llm.metrics.spectrum import activity_rank, spectral_metrics

log = logging.getLogger(__name__)

GRID = 200  # states per neuron at which learned and true functions are compared


@dataclass(frozen=True)
class RecoveredNetwork:
    """What a SignalGNN has learned, gauge applied."""

    W: np.ndarray  # g_i W_ij [target, source]
    scale: np.ndarray  # c_j of message_j = c_j phi_j + d_j
    clusters: np.ndarray | None  # of the update functions


@dataclass(frozen=True)
class SignalEvaluation(Evaluation):
    """recovered: None for a network of another class, which is judged by its predictions alone."""

    rollouts: dict[str, Rollout]  # by split
    recovered: RecoveredNetwork | None


class SignalEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._observations, self._truth = dataset.observations(), dataset.truth()
        self._seed, self._rollout_frames = training.seed, training.rollout_frames
        meta = self._truth.meta
        self._field = RateField.from_truth(self._truth, meta["phi"], meta["external_input_mode"], torch.float64)
        self._types = self._truth["neuron_type"].numpy()
        self._target, self._difference_order = training.target, training.difference_order
        self._delta_t = float(self._observations.meta["delta_t"])

    def oracle(self) -> OracleReport[SignalOracle]:
        found = signal_oracle(self._samples("train"), self._samples("validation"), self._field, known_synapses=None)
        W = self._field.effective_connectivity.numpy()
        scores = {
            **connectivity_metrics(found.ls, W, identifiable=found.identifiable, prefix="oracle_connectivity"),
            **connectivity_metrics(found.ridge, W, identifiable=None, prefix="oracle_ridge_connectivity"),
            **found.scores(),
        }
        scores["oracle_ls"] = scores["oracle_connectivity_R2"]
        scores["oracle_ridge"] = scores["oracle_ridge_connectivity_R2"]
        return OracleReport(found, scores, found.sentence(self._observations.meta["measurement_noise_level"]))

    def _samples(self, split: str) -> Samples:
        frames = frames_of(self._observations.split(split), self._target, self._difference_order, self._delta_t)
        return Samples(frames.activity, frames.target, frames.external)

    def score(self, fit: Fit, oracle: OracleReport[SignalOracle]) -> SignalEvaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net = fit.net
        metrics, rollouts = held_out_scores(
            net, self._observations, self._rollout_frames, lambda *recorded: self._rollout(net, *recorded)
        )
        metrics |= activity_rank(self._observations.split("train").activity)
        metrics["effective_rank"] = metrics["activity_rank_99"]  # the published name, which rules of a search read
        metrics |= spectral_metrics(self._truth["connectivity"].numpy(), self._field.g.numpy())
        metrics["n_neurons"] = float(len(self._types))
        metrics["n_edges"] = float((self._truth["connectivity"] != 0).sum())
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters()))
        if not isinstance(net, SignalGNN):
            log.info("Not reported: connectivity and types, which are read from a SignalGNN; this is a %s.", type(net))
            return SignalEvaluation(metrics, rollouts, None)
        scores, recovered = self._recovered(net, oracle.found)
        return SignalEvaluation(metrics | scores, rollouts, recovered)

    def _recovered(self, net: SignalGNN, oracle: SignalOracle) -> tuple[dict[str, float], RecoveredNetwork]:
        grid = recorded_grid(self._observations.split("train").activity, GRID)
        message = self._of_net(net.message, net, grid)
        scale = source_scale(message, self._field.message(torch.from_numpy(grid)).numpy())
        W = rescale_sources(net.connectivity().detach().numpy(), scale)
        true = self._field.effective_connectivity.numpy()
        metrics = connectivity_metrics(W, true, identifiable=oracle.identifiable, prefix="connectivity")
        clusters = None
        n_types = len(np.unique(self._types))
        if n_types > 1 and not net.is_shared:
            clusters = cluster(self._profiles(net), n_types, self._seed)
            metrics |= cluster_metrics(clusters, self._types)
            labels = cluster(net.embedding.a.detach().numpy(), n_types, self._seed)
            metrics["embedding_cluster_acc"] = cluster_metrics(labels, self._types)["cluster_accuracy"]
        elif n_types > 1:
            log.info("Not reported: cluster_accuracy, because model.embedding_dim=0 gives all neurons one function.")
        return metrics, RecoveredNetwork(W, scale, clusters)

    def _rollout(self, net: nn.Module, activity: np.ndarray, external: np.ndarray | None) -> np.ndarray:
        """The network's own trajectory [frame, neuron] from the first recorded frame, by Euler steps of delta_t."""
        u = torch.tensor(activity[:1])
        frames = [u]
        with torch.inference_mode():
            for k in range(len(activity) - 1):
                held = None if external is None else torch.tensor(external[k : k + 1])
                u = u + self._delta_t * net(u, held)
                frames.append(u)
        return torch.cat(frames).numpy()

    def _of_net(self, function, net: SignalGNN, grid: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return function(torch.from_numpy(grid).to(net.W.dtype)).double().numpy()

    def _profiles(self, net: SignalGNN) -> np.ndarray:
        """update(u, a_i) of every neuron on one grid [neuron, point]: free of the gauge of the embedding."""
        u = np.array(self._observations.split("train").activity)
        low, high = np.quantile(u, [0.01, 0.99])
        grid = np.repeat(np.linspace(low, high, 50)[:, None], u.shape[1], axis=1)
        return self._of_net(net.update, net, grid).T

    # ---- figures ----

    def tables(self, fit: Fit, evaluation: SignalEvaluation) -> dict[str, str]:
        """None: a random network has no parts worth a table."""
        return {}

    def figures(self, fit: Fit, evaluation: SignalEvaluation) -> dict[str, Figure]:
        train = self._observations.split("train")
        u = np.array(train.activity)
        drawn = {
            "activity": activity(u, self._delta_t, None if train.external is None else np.array(train.external)),
            "spectrum": spectrum(u),
            "rollout_test": rollout(*evaluation.rollouts["test"], self._delta_t, "Rollout on the test trajectory"),
            **loss_figures(fit),
        }
        recovered = evaluation.recovered
        if recovered is None:
            return drawn
        true = self._field.effective_connectivity.numpy()
        drawn["weights"] = weights(true, recovered.W, ~np.eye(len(true), dtype=bool), evaluation.metrics)
        drawn["functions"] = self._functions(fit.net, recovered, u)
        drawn["eigenvalues"] = eigenvalues(true, recovered.W, gain_absorbed=True)
        if recovered.clusters is not None and fit.net.embedding.embedding_dim >= 2:
            a = fit.net.embedding.a.detach().numpy()
            drawn["embedding"] = embedding(a, self._types, recovered.clusters, evaluation.metrics["cluster_accuracy"])
        return drawn

    def _functions(self, net: SignalGNN, recovered: RecoveredNetwork, u: np.ndarray) -> Figure:
        """Learned functions after gauge, averaged over the neurons of a type; the free constant is fitted too."""
        counts, edges = np.histogram(u, bins=GRID)
        points = (edges[1:] + edges[:-1]) / 2
        grid = np.repeat(points[:, None], u.shape[1], axis=1)
        states = torch.from_numpy(grid)
        message_true, update_true = self._field.message(states).numpy(), self._field.intrinsic(states).numpy()
        c = np.where(np.isfinite(recovered.scale) & (recovered.scale != 0), recovered.scale, 1.0)
        message = self._of_net(net.message, net, grid) / c
        weight = counts[:, None] / counts.sum()
        offset = ((message - message_true) * weight).sum(axis=0)  # d_j / c_j, which the update function takes over
        message = message - offset
        update = self._of_net(net.update, net, grid) + (recovered.W * offset).sum(axis=1)
        by_type = [self._types == t for t in np.unique(self._types)]

        def mean(values: np.ndarray) -> np.ndarray:
            return np.stack([values[:, own].mean(axis=1) for own in by_type])

        return functions(points, mean(message_true), mean(message), mean(update_true), mean(update), counts)
