"""The signal family: its oracle, its scores, its figures. Sees the truth, after or beside the fit, never inside it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.bootstrap import error_of
from hydra_llm.families.evaluation import Evaluation, OracleReport, Rollout, as_law, held_out_scores, loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.figures.eigenvalues import eigenvalues
from hydra_llm.families.signal.figures.functions import functions
from hydra_llm.families.signal.figures.weights import weights
from hydra_llm.families.signal.fitting.given_functions import weights_given_functions
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection
from hydra_llm.families.signal.learned_functions import LearnedFunctions, standard_errors, values
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.oracle import SignalOracle, signal_oracle
from hydra_llm.families.signal.system import RateField, recorded_part
from hydra_llm.figures.activity import activity
from hydra_llm.figures.embedding import embedding
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.scatter import scatter
from hydra_llm.figures.spectrum import spectrum
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.clustering import cluster, cluster_metrics, estimated_number
from hydra_llm.metrics.connectivity import connectivity_metrics
from hydra_llm.metrics.gauge import moved_sources, recorded_grid, rescale_sources, source_scale
from hydra_llm.metrics.intervals import interval_metrics
from hydra_llm.metrics.spectrum import activity_rank, spectral_metrics
from hydra_llm.schema.fields import as_object

log = logging.getLogger(__name__)

GRID = 200  # states per neuron at which learned and true functions are compared
COARSE, FEW_STATES = 40, 100  # of grid and recorded states, after every interval of a fit
RECOVERY = ("connectivity_R2", "connectivity_sign_accuracy")  # of the weights, after every interval


@dataclass(frozen=True)
class RecoveredNetwork:
    """What a SignalGNN has learned, gauge applied."""

    functions: LearnedFunctions
    error: np.ndarray | None  # standard errors of W
    clusters: np.ndarray | None  # of the update and message functions

    @property
    def W(self) -> np.ndarray:
        """g_i W_ij [target, source]."""
        return self.functions.W


@dataclass(frozen=True)
class SignalEvaluation(Evaluation):
    """recovered: None for a network of another class, which is judged by its predictions alone."""

    rollouts: dict[str, Rollout]  # by split
    recovered: RecoveredNetwork | None


class SignalEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._dataset, self._observations, self._truth = dataset, dataset.observations(), dataset.truth()
        self._seed, self._rollout_frames = training.seed, training.rollout_frames
        meta = self._truth.meta
        law = (meta["phi"], meta["external_input_mode"], torch.float64)
        self._whole_field = RateField.from_truth(self._truth, *law)
        self._recorded = (~self._truth["hidden"]).nonzero().ravel() if "hidden" in self._truth else None  # None: all
        own = self._truth if self._recorded is None else recorded_part(self._truth, self._recorded)
        self._field, self._types = RateField.from_truth(own, *law), own["neuron_type"].numpy()
        self._connectivity = own["connectivity"]
        self._target = training.target
        self._estimates = Estimates(dataset.path, as_object(training, SignalTraining))
        self._delta_t = float(self._observations.meta["delta_t"])

    def oracle(self) -> OracleReport[SignalOracle]:
        """Where neurons are hidden, the oracle is given their activity; oracle_silenced_... has them silent."""
        silenced = self._found(self._samples, self._field)
        if self._recorded is None:
            return self._report(silenced)
        given = self._found(self._whole_samples, self._whole_field)
        report = self._report(given.of(self._recorded))
        W, told = self._field.effective_connectivity.numpy(), self._told_sources
        best = silenced.ceiling(self._target)
        scores = connectivity_metrics(best, W, identifiable=None, prefix="oracle_silenced_connectivity", sources=told)
        hidden = len(self._whole_field.a) - len(self._recorded)
        sentence = (
            f"{hidden:,} of {hidden + len(self._recorded):,} neurons are hidden. If their activity were known: "
            f"{report.sentence}"
        )
        return OracleReport(report.found, report.scores | scores, sentence)

    @staticmethod
    def _found(samples: Callable[[str], Samples], field: RateField) -> SignalOracle:
        return signal_oracle(samples("train"), samples("validation"), field, known_synapses=None)

    def _report(self, found: SignalOracle) -> OracleReport[SignalOracle]:
        W, told = self._field.effective_connectivity.numpy(), self._told_sources
        best = found.ceiling(self._target)
        if self._correction is not None and self._recorded is None:
            given = self._correction.terms(self._field.message, self._field.intrinsic)
            best = torch.from_numpy(weights_given_functions(given).value)
        scores = connectivity_metrics(
            best, W, identifiable=found.identifiable, prefix="oracle_connectivity", sources=told
        )
        for name, found_weights in (("ls", found.ls), ("ridge", found.ridge), ("evidence", found.evidence)):
            prefix = f"oracle_{name}_connectivity"
            scores |= connectivity_metrics(found_weights, W, identifiable=None, prefix=prefix, sources=told)
            if f"{prefix}_R2" in scores:
                scores[f"oracle_{name}"] = scores[f"{prefix}_R2"]
        scores |= found.scores()
        return OracleReport(found, scores, found.sentence(self._truth.meta["measurement_noise_sd"]))

    @cached_property
    def _correction(self) -> NoiseCorrection | None:
        """What the fit did about measurement noise."""
        choice, mode = self._estimates.choice, self._observations.meta["external_input_mode"]
        method = None if choice is None else choice.method
        return NoiseCorrection.wanted(method, self._estimates.recorded("train"), mode)

    @cached_property
    def _grid(self) -> np.ndarray:
        """States [point, neuron] over the recorded range of each neuron."""
        return recorded_grid(self._observations.split("train").activity, GRID)

    @cached_property
    def _told_sources(self) -> np.ndarray:
        """Sources [neuron] whose message the recording moves."""
        told = moved_sources(self._field.message(torch.from_numpy(self._grid)).numpy())
        if not told.all():
            log.info(
                "%d of %d neurons stay where their message hardly moves: their scale is undetermined, and the weights "
                "out of them do not count in connectivity_R2, but do in connectivity_R2_all_sources.",
                (~told).sum(),
                len(told),
            )
        return told

    def _samples(self, split: str) -> Samples:
        """States and targets as the true law would refine them: what no method can better."""
        return Samples(*self._estimates.frames(split, as_law(self._field))[:3])

    def _whole_samples(self, split: str) -> Samples:
        """The same of all neurons, where some are hidden."""
        assert self._recorded is not None
        states = np.array(self._dataset.states(split))
        states[:, self._recorded.numpy()] = self._observations.split(split).activity
        external = self._observations.whole_external(split)
        held = None if external is None else torch.tensor(external)
        recorded = Recorded(torch.from_numpy(states), held, self._delta_t)
        return Samples(*self._estimates.frames_of(recorded, as_law(self._whole_field))[:3])

    def score(self, fit: Fit, oracle: OracleReport[SignalOracle]) -> SignalEvaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net, latents = fit.net, getattr(fit, "latents", None)
        predictor = net if latents is None else latents.predictor
        metrics, rollouts = held_out_scores(
            predictor, self._dataset, self._whole_field, self._rollout_frames, recorded=self._recorded
        )
        if self._recorded is not None:
            metrics["n_hidden_neurons"] = float(len(self._whole_field.a) - len(self._recorded))
        if latents is not None:
            metrics["n_latent_inputs"] = float(latents.number)
            metrics |= {f"silenced_{name}": value for name, value in self.recovery(latents.predictor).items()}
        metrics |= activity_rank(self._observations.split("train").activity)
        metrics["effective_rank"] = metrics["activity_rank_99"]  # the published name, which rules of a search read
        metrics |= spectral_metrics(self._truth["connectivity"].numpy(), self._whole_field.g.numpy())
        metrics["n_neurons"] = float(len(self._types))
        metrics["n_edges"] = float((self._connectivity != 0).sum())
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters()))
        if not isinstance(net, SignalGNN):
            log.info("Not reported: connectivity and types, which are read from a SignalGNN; this is a %s.", type(net))
            return SignalEvaluation(metrics, rollouts, None)
        scores, recovered = self._recovered(
            net, oracle.found, None if latents is None else latents.error, fit.replicates
        )
        arrays = {} if recovered.error is None else {"connectivity_standard_error": recovered.error}
        return SignalEvaluation(metrics | scores, rollouts, recovered, arrays=arrays)

    def recovery(self, net: SignalGNN) -> dict[str, float]:
        """connectivity_R2, its sign accuracy, message_R2 and update_R2, as `score` has them, on fewer states."""
        if not isinstance(net, SignalGNN):
            return {}
        learned = self._learned(net, self._coarse_grid)
        true, told = self._field.effective_connectivity.numpy(), self._told_sources
        found = connectivity_metrics(learned.W, true, identifiable=None, prefix="connectivity", sources=told)
        scores = {name: found[name] for name in RECOVERY if name in found}
        return scores | learned.scores(self._few_states, self._field)

    @cached_property
    def _few_states(self) -> np.ndarray:
        """Recorded states [frame, neuron], evenly spread."""
        recorded = self._observations.split("train").activity
        return np.array(recorded[:: max(1, len(recorded) // FEW_STATES)])

    @cached_property
    def _coarse_grid(self) -> np.ndarray:
        return recorded_grid(self._observations.split("train").activity, COARSE)

    def _learned(self, net: SignalGNN, grid: np.ndarray) -> LearnedFunctions:
        """Functions and weights of a network in the gauge of the truth, read at the states of a grid."""
        true = self._field.message(torch.from_numpy(grid)).numpy()
        scale = source_scale(values(net.message, net, grid), true)
        return LearnedFunctions(net, scale, rescale_sources(net.connectivity().detach().numpy(), scale))

    def _standard_errors(self, net: SignalGNN) -> np.ndarray | None:
        """Of the weights [target, source], by their closed form."""
        if self._correction is None:
            return standard_errors(net, self._estimates.frames("train", net))
        return weights_given_functions(self._correction.terms_of(net)).error

    def _recovered(
        self, net: SignalGNN, oracle: SignalOracle, error: np.ndarray | None, replicates: Sequence[SignalGNN]
    ) -> tuple[dict[str, float], RecoveredNetwork]:
        """error [target, source]: standard errors that the fit has; None: by the scatter of replicates, or without any
        by its closed form."""
        learned = self._learned(net, self._grid)
        scale, W, true = learned.scale, learned.W, self._field.effective_connectivity.numpy()
        metrics = connectivity_metrics(
            W, true, identifiable=oracle.identifiable, prefix="connectivity", sources=self._told_sources
        )
        recorded = np.array(self._observations.split("train").activity)
        metrics |= learned.scores(recorded, self._field)
        n_fits = len(replicates) or None
        if replicates:
            error = error_of([self._learned(n, self._grid).W for n in replicates])
        else:
            error = self._standard_errors(net) if error is None else error
            error = None if error is None else np.abs(rescale_sources(error, scale))
        if error is None:
            log.info("Not reported: connectivity_standard_error, because the input multiplies.")
        else:
            counted = ~np.eye(len(W), dtype=bool) & self._told_sources[None, :]
            metrics |= interval_metrics(W[counted], error[counted], true[counted], prefix="connectivity", n_fits=n_fits)
        clusters = None
        n_types = len(np.unique(self._types))
        if not net.is_shared:
            profiles = learned.profiles(recorded)
            metrics["n_types"], metrics["n_types_estimated"] = float(n_types), estimated_number(profiles, self._seed)
        if n_types > 1 and not net.is_shared:
            clusters = cluster(profiles, n_types, self._seed)
            metrics |= cluster_metrics(clusters, self._types)
            labels = cluster(net.embedding.a.detach().numpy(), n_types, self._seed)
            metrics["embedding_cluster_acc"] = cluster_metrics(labels, self._types)["cluster_accuracy"]
        elif n_types > 1:
            log.info("Not reported: cluster_accuracy, because model.embedding_dim=0 gives all neurons one function.")
        return metrics, RecoveredNetwork(learned, error, clusters)

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
        drawn["functions"] = self._functions(recovered.functions, u)
        drawn["eigenvalues"] = eigenvalues(true, recovered.W, gain_absorbed=True)
        if recovered.clusters is not None and fit.net.embedding.embedding_dim >= 2:
            a = fit.net.embedding.a.detach().numpy()
            drawn["embedding"] = embedding(a, self._types, recovered.clusters, evaluation.metrics["cluster_accuracy"])
        return drawn

    def sketches(self, fit: Fit, evaluation: SignalEvaluation) -> dict[str, Figure]:
        recovered = evaluation.recovered
        if recovered is None:
            return {}
        true = self._field.effective_connectivity.numpy()
        off = ~np.eye(len(true), dtype=bool)
        return {
            "recovery": scatter(true[off], recovered.W[off], evaluation.metrics, "connectivity", "1/τ"),
            "functions": self._functions(recovered.functions, np.array(self._observations.split("train").activity)),
        }

    def _functions(self, learned: LearnedFunctions, u: np.ndarray) -> Figure:
        """Learned functions after gauge, averaged over the neurons of a type; the free constant is fitted too."""
        counts, edges = np.histogram(u, bins=GRID)
        points = (edges[1:] + edges[:-1]) / 2
        grid = np.repeat(points[:, None], u.shape[1], axis=1)
        states = torch.from_numpy(grid)
        message_true, update_true = self._field.message(states).numpy(), self._field.intrinsic(states).numpy()
        weight = counts[:, None] / counts.sum()
        offset = ((learned.message(grid) - message_true) * weight).sum(axis=0)
        message, update = learned.message(grid, offset), learned.update(grid, offset)
        by_type = [self._types == t for t in np.unique(self._types)]

        def mean(values: np.ndarray) -> np.ndarray:
            return np.stack([values[:, own].mean(axis=1) for own in by_type])

        return functions(points, mean(message_true), mean(message), mean(update_true), mean(update), counts)
