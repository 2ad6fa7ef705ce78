"""What can be said of a fit to a recording whose truth nobody knows, and more where the user knows the weights."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.estimation.choose import choose
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.evaluation import LOST, Evaluation, OracleReport, Rollout, loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.rollouts import roll_out
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fit import knows_synapses
from hydra_llm.families.signal.fitting.function_errors import FunctionErrors
from hydra_llm.families.signal.fitting.given_functions import Terms, Weights, weights_given_functions
from hydra_llm.families.signal.fitting.noise_correction import NoiseCorrection
from hydra_llm.families.signal.learned_functions import values
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.recorded import tables
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.curves import POINTS, LearnedCurves
from hydra_llm.families.signal.recorded.figures import learned_functions, weights_with_errors
from hydra_llm.families.signal.recorded.function_bands import LEVEL, errors_of, refused
from hydra_llm.families.signal.recorded.predictions import SUBSTEPS, HeldOut, network_step, one_step, rivals
from hydra_llm.families.signal.recorded.recovered import RecoveredWeights
from hydra_llm.families.signal.recorded.replicated import Replicated
from hydra_llm.families.signal.recorded.scale import factor_to, natural_scale, scaled
from hydra_llm.families.signal.recorded.trust.report import Trust, trust
from hydra_llm.figures.activity import activity
from hydra_llm.figures.labels import of_recording
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.spectrum import spectrum
from hydra_llm.metrics.connectivity import connectivity_metrics
from hydra_llm.metrics.dynamics import rollout_metrics
from hydra_llm.metrics.spectrum import activity_rank
from hydra_llm.schema.fields import as_object

log = logging.getLogger(__name__)

STEPS = {"integrator": "rk4", "substeps": SUBSTEPS}  # of rollouts: nature has no integrator to imitate
RECOVERY = ("connectivity_R2", "connectivity_sign_accuracy")  # after every interval


@dataclass(frozen=True)
class RecordingEvaluation(Evaluation):
    """recovered: None for a network of another class, which is judged by its predictions alone."""

    rollouts: dict[str, Rollout]
    recovered: RecoveredWeights | None
    trust: Trust | None


class RecordingEvaluator:
    """Looks at noise before the fit, and at predictions, weights and their errors after it."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._observations, self._true = dataset.observations(), dataset.truth().get("connectivity")
        self._keys = as_object(training, SignalTraining)
        self._estimates = Estimates(dataset.path, self._keys)
        meta = self._observations.meta
        self._names, self._delta_t = tuple(meta["unit_names"]), float(meta["delta_t"])
        self._unit = meta["unit"] or "a.u."
        self._recorded = {split: self._estimates.recorded(split) for split in meta["n_frames"]}
        self._noise = ChannelNoise.of(self._recorded["train"])

    def oracle(self) -> OracleReport[ChannelNoise]:
        """No law is known, so there is no oracle: the noise of the recording stands in its place."""
        return OracleReport(self._noise, dict(self._noise.scores), self._noise.sentence(self._unit))

    # ---- scores ----

    def score(self, fit: Fit, oracle: OracleReport[ChannelNoise]) -> RecordingEvaluation:
        net, latents = fit.net, getattr(fit, "latents", None)
        predictor = net if latents is None else latents.predictor
        metrics, rollouts = self._rollouts(predictor)
        held_out = self._one_step(predictor)
        metrics["onestep_skill"], metrics["onestep_R2"] = held_out.skill, 1 - held_out.errors["network"]
        metrics |= activity_rank(self._observations.split("train").activity)
        metrics["effective_rank"] = metrics["activity_rank_99"]  # the published name, which rules of a search read
        metrics["n_neurons"], metrics["n_parameters"] = (
            float(len(self._names)),
            float(sum(p.numel() for p in net.parameters())),
        )
        if not isinstance(net, SignalGNN):
            log.info("Not reported: weights, which are read from a SignalGNN; this is a %s.", type(net).__name__)
            return RecordingEvaluation(metrics, rollouts, None, None)
        terms, known = self._terms(net), net.off_diagonal.bool() if knows_synapses(self._observations) else None
        given = None if terms is None else weights_given_functions(terms, known)
        recovered = self._recover(net, given, known, None if latents is None else latents.error)
        if fit.replicates:
            recovered = self._replicated(recovered, net, fit.replicates)
        if latents is not None:
            metrics["n_latent_inputs"] = float(latents.number)
            metrics |= {f"silenced_{name}": value for name, value in self.recovery(latents.predictor).items()}
        metrics |= {"n_edges": float(recovered.synapses.sum()), **recovered.scores()}
        metrics |= self._band_widths(recovered)
        trusted = None
        if terms is not None:
            checked, found = (terms, given) if predictor is net else (self._terms(predictor), None)
            assert checked is not None  # as for net
            read = partial(self._terms_on, predictor) if self._keys.regress_again else None
            trusted = trust(predictor, self._recorded, checked, self._noise, known, self._keys.seed, read, found)
            log.info("%s", trusted.sentence())
            metrics |= trusted.metrics
        return RecordingEvaluation(metrics, rollouts, recovered, trusted)

    def recovery(self, net: SignalGNN) -> dict[str, float]:
        """connectivity_R2 and connectivity_sign_accuracy, where the user gave the true weights."""
        if self._true is None or not isinstance(net, SignalGNN):
            return {}
        W, true = net.connectivity().detach().double().numpy(), self._true.numpy()
        W = W * natural_scale(net, self._observations.split("train").activity)
        W = W * factor_to(W, true, shared=net.is_shared)
        found = connectivity_metrics(W, true, identifiable=None, prefix="connectivity")
        return {name: found[name] for name in RECOVERY if name in found}

    def _terms(self, net: SignalGNN) -> Terms | None:
        """Of the regression for W on the training frames; None where no closed form exists."""
        if net.input_mode == "multiplicative":
            log.info("Not reported: standard errors and checks of the weights, because the input multiplies.")
            return None
        correction = self._correction
        return Terms.of(net, self._estimates.frames("train", net)) if correction is None else correction.terms_of(net)

    def _terms_on(self, net: SignalGNN, recorded: Recorded) -> Terms:
        """The same regression on another recording of these units, for which a method is chosen anew."""
        method = choose(self._keys, recorded).method
        correction = NoiseCorrection.wanted(method, recorded, self._observations.meta["external_input_mode"])
        return Terms.of(net, method.refine(recorded, net)) if correction is None else correction.terms_of(net)

    @cached_property
    def _correction(self) -> NoiseCorrection | None:
        """What the fit did about measurement noise."""
        choice, mode = self._estimates.choice, self._observations.meta["external_input_mode"]
        return NoiseCorrection.wanted(None if choice is None else choice.method, self._recorded["train"], mode)

    def _one_step(self, net: torch.nn.Module) -> HeldOut:
        train, validation = self._recorded["train"], self._recorded["validation"]
        predictors = {"network": network_step(net, self._delta_t), **rivals(train, validation)}
        return one_step(predictors, train, validation)

    def _rollouts(self, net: torch.nn.Module) -> tuple[dict[str, float], dict[str, Rollout]]:
        """From the first frame of the first stretch of each split, to its end."""
        metrics: dict[str, float] = {}
        rollouts: dict[str, Rollout] = {}
        for split, prefix in (("validation", "val"), ("test", "test")):
            recorded = self._recorded[split]
            own = recorded.sequences()[0]
            u = recorded.activity[own][: self._keys.rollout_frames]
            held = None if recorded.external is None else recorded.external[own][: len(u), None]
            predicted = roll_out(net, u[:1], len(u), held, STEPS, self._delta_t)[:, 0].numpy()
            rollouts[split] = (u.numpy(), predicted)
            metrics |= rollout_metrics(predicted, u.numpy(), prefix=prefix, tolerance=LOST)
        return metrics, rollouts

    def _recover(
        self, net: SignalGNN, found: Weights | None, known: torch.Tensor | None, beside: np.ndarray | None
    ) -> RecoveredWeights:
        """found: weights given the functions; None: no closed form. beside [target, source]: standard errors of weights
        beside latent inputs; None without any."""
        functions = None
        if found is not None and beside is not None:
            found = Weights(net.connectivity().detach().double().numpy(), beside, found.determined, found.blocks)
            log.info("Not reported: bands of the learned functions, because latent inputs were fitted beside them.")
        else:
            functions = self._function_errors(net, found, known)
        scale = natural_scale(net, self._observations.split("train").activity)
        W = net.connectivity().detach().double().numpy() * scale
        if found is not None and self._correction is not None:
            W = np.where(found.determined, found.value * scale, W)  # a fit may be left as it was; intervals never are
        true = None if self._true is None else self._true.numpy()
        factor = np.ones(len(W)) if true is None else factor_to(W, true, shared=net.is_shared)
        if found is not None:
            if functions is not None:
                found = replace(found, error=np.hypot(found.error, functions.weights.sqrt().numpy() / np.abs(scale)))
            found = scaled(found, scale)
        return RecoveredWeights(W, found, net.off_diagonal.bool().numpy(), scale, factor, true, functions)

    def _replicated(self, recovered: RecoveredWeights, net: SignalGNN, nets: Sequence[SignalGNN]) -> RecoveredWeights:
        """With intervals from fits to resampled recordings. A weight counts as determined as before, and everywhere if
        no closed form tells."""
        told = recovered.synapses if recovered.found is None else recovered.found.determined
        replicated = Replicated.of(nets, self._observations.split("train").activity)
        found = replicated.weights(recovered.W, told & recovered.synapses)
        return replace(recovered, found=found, functions=replicated if net.is_shared else None)

    def _function_errors(
        self, net: SignalGNN, found: Weights | None, known: torch.Tensor | None
    ) -> FunctionErrors | None:
        why = refused(net, found, is_noise=self._noise.is_noise)
        if why is not None or found is None:
            log.info("Not reported: bands of the learned functions, because %s.", why)
            return None
        return errors_of(net, lambda: self._estimates.frames("train", net), self._correction, found, known)

    def _band_widths(self, recovered: RecoveredWeights) -> dict[str, float]:
        """message_band and update_band: widths of the 95 % bands, means over recorded states, in standard deviations
        of a message, and in the unit of du/dt."""
        if recovered.functions is None:
            return {}
        u = np.array(self._observations.split("train").activity).ravel()
        u = u[:: max(1, len(u) // 10_000)]
        message, update = recovered.functions.half_widths(u.astype(np.float64), LEVEL)
        return {"message_band": float(2 * message.mean()), "update_band": float(2 * update.mean())}

    # ---- what is written ----

    def tables(self, fit: Fit, evaluation: RecordingEvaluation) -> dict[str, str]:
        written = {"noise.csv": tables.noise_table(self._names, self._noise)}
        if evaluation.trust is not None:
            noise = self._noise.sentence(self._unit)
            if self._correction is not None:
                share = evaluation.metrics.get("connectivity_determined_share", 1.0)
                noise = f"{noise} {self._correction.sentence(share)}"
            latents = getattr(fit, "latents", None)
            if latents is not None:
                noise = f"{noise} {latents.sentence()}"
            written["trust.md"] = evaluation.trust.page(noise, fit.target)
        recovered, net = evaluation.recovered, fit.net
        if recovered is None:
            return written
        written["weights.csv"] = tables.weights_table(self._names, recovered.W, recovered.synapses, recovered.found)
        names = ("all",) if net.is_shared else self._names
        written["functions.csv"] = tables.functions_table(self._curves(net, recovered), names)
        if not net.is_shared:
            written["embedding.csv"] = tables.embedding_table(self._names, net.embedding.a.detach().numpy())
        return written

    def figures(self, fit: Fit, evaluation: RecordingEvaluation) -> dict[str, Figure]:
        train, labels = self._observations.split("train"), of_recording(self._unit, self._names)
        u, external = np.array(train.activity), None if train.external is None else np.array(train.external)
        predicted = evaluation.rollouts["test"]
        return {
            "activity": activity(u, self._delta_t, external, labels),
            "spectrum": spectrum(u, labels),
            "rollout_test": rollout(*predicted, self._delta_t, "Rollout on the test frames", labels),
            **loss_figures(fit),
            **self.sketches(fit, evaluation),
        }

    def sketches(self, fit: Fit, evaluation: RecordingEvaluation) -> dict[str, Figure]:
        recovered = evaluation.recovered
        if recovered is None:
            return {}
        drawn = {"functions": learned_functions(self._curves(fit.net, recovered), self._unit)}
        if recovered.found is not None:
            drawn["weights"] = weights_with_errors(recovered, recovered.found, self._unit)
        return drawn

    def _curves(self, net: SignalGNN, recovered: RecoveredWeights) -> LearnedCurves:
        u = np.array(self._observations.split("train").activity)
        low, high = np.quantile(u, [0.001, 0.999])
        counts, edges = np.histogram(u, bins=POINTS, range=(low, high))
        points = (edges[1:] + edges[:-1]) / 2
        grid = np.repeat(points[:, None], len(self._names), axis=1)
        message, update = values(net.message, net, grid) / recovered.scale, values(net.update, net, grid)
        kept = slice(0, 1) if net.is_shared else slice(None)
        bands = None
        if recovered.functions is not None:
            bands = recovered.functions.half_widths(points, LEVEL)
        return LearnedCurves(grid[:, kept], message[:, kept], update[:, kept], counts, bands)
