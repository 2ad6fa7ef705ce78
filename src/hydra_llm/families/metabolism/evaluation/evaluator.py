"""The metabolism family: its oracle, its scores, its figures. Sees the truth, after or beside the fit, never inside."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.families.evaluation import Evaluation, OracleReport, Rollout, as_law, held_out_scores, loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.metabolism.config import HomeostasisTraining, MetabolismTraining
from hydra_llm.families.metabolism.evaluation.regulation import (
    RegulationScores,
    oracle_regulation,
    regulation_figures,
    regulation_of,
    score_regulation,
    slopes_of,
)
from hydra_llm.families.metabolism.evaluation.suitability import unsuitable
from hydra_llm.families.metabolism.figures.identifiability import identifiability
from hydra_llm.families.metabolism.figures.rate_constants import rate_constants
from hydra_llm.families.metabolism.figures.substrate import substrate
from hydra_llm.families.metabolism.fitting.rate_constants import solved
from hydra_llm.families.metabolism.metrics import (
    gauge,
    in_gauge,
    rate_constant_metrics,
    stoichiometry_metrics,
)
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.metabolism.model.substrate import SMALLEST
from hydra_llm.families.metabolism.oracle import MetabolismOracle, oracle_report
from hydra_llm.families.metabolism.system import ReactionField
from hydra_llm.figures.activity import activity
from hydra_llm.figures.labels import Labels
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.spectrum import spectrum
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.intervals import interval_metrics
from hydra_llm.metrics.scores import identity_r2, pearson
from hydra_llm.metrics.spectrum import activity_rank
from hydra_llm.schema.fields import as_object

log = logging.getLogger(__name__)

METABOLITES = Labels(unit="metabolite", state="concentration c", state_unit="a.u.", time_unit="a.u.")
PHASE_2 = ("phase2_loss", "phase2_node_magnitude", "reaction_error")  # logged while fitting
SAMPLES = 20_000  # recorded concentrations at which learned and true substrate functions are compared
FEW_SAMPLES = 2_000  # after every interval of a fit


@dataclass(frozen=True)
class RecoveredRates:
    """What a ReactionGNN has learned, gauge applied."""

    log_k: np.ndarray  # [reaction]
    alpha: np.ndarray  # [order]
    regulated: RegulationScores | None  # of a system with homeostasis


@dataclass(frozen=True)
class MetabolismEvaluation(Evaluation):
    """recovered: None for a network of another class, which is judged by its predictions alone."""

    rollouts: dict[str, Rollout]  # by split
    oracle: MetabolismOracle
    recovered: RecoveredRates | None


class MetabolismEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._dataset, self._observations, self._truth = dataset, dataset.observations(), dataset.truth()
        self._training = as_object(training, MetabolismTraining)
        self._estimates = Estimates(dataset.path, self._training)
        structure = {name: self._observations.structure(name) for name in ("stoichiometry", "substrate_orders")}
        self._field = ReactionField.from_truth(self._truth, structure, self._truth.meta, torch.float64)
        self._log_k = self._truth["log_k"]
        self._regulation = regulation_of(self._truth)
        self._delta_t = float(self._observations.meta["delta_t"])
        keys, regulated = self._training, self._regulation is not None
        if regulated and isinstance(keys, HomeostasisTraining) and keys.homeostasis_training:
            for sentence in unsuitable(keys, self._truth.meta):
                log.warning("%s", sentence)

    def oracle(self) -> OracleReport[MetabolismOracle]:
        report = oracle_report(
            self._samples("train"),
            self._field,
            self._log_k,
            self._truth["metabolite_type"],
            self._observations,
            self._truth.meta,
            target=self._training.target,
        )
        if self._regulation is not None:
            recorded = np.array(self._observations.split("train").activity)
            report.scores.update(
                oracle_regulation(report.found.condensed, report.found.joint, recorded, self._regulation)
            )
        return report

    def _samples(self, split: str) -> Samples:
        """States and targets as the true law would refine them: what no method can better."""
        return Samples(*self._estimates.frames(split, as_law(self._field))[:3])

    def score(self, fit: Fit, oracle: OracleReport[MetabolismOracle]) -> MetabolismEvaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net = fit.net
        metrics, rollouts = held_out_scores(net, self._dataset, self._field, self._training.rollout_frames, floor=0.0)
        metrics |= activity_rank(self._observations.split("train").activity)
        metrics["effective_rank"] = metrics["activity_rank_99"]  # the published name, which rules of a search read
        metrics |= {name: fit.history[name][1][-1] for name in PHASE_2 if name in fit.history}
        metrics["n_metabolites"], metrics["n_reactions"] = (float(n) for n in self._field.stoichiometry.shape)
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters() if p.requires_grad))
        if not isinstance(net, ReactionGNN):
            log.info("Not reported: rate constants, which are read from a ReactionGNN; this is a %s.", type(net))
            return MetabolismEvaluation(metrics, rollouts, oracle.found, None)
        scores, recovered = self._recovered(net, oracle.found)
        return MetabolismEvaluation(metrics | scores, rollouts, oracle.found, recovered)

    def recovery(self, net: ReactionGNN) -> dict[str, float]:
        """rate_constants_R2, rate_law_R2 and, of a system with homeostasis, slope_score and avg_slope_ratio, as `score`
        has them, on fewer states.
        """
        if not isinstance(net, ReactionGNN):
            return {}
        recorded = self._observations.split("train").activity
        learned, true = self._contributions(net, recorded, FEW_SAMPLES)
        alpha = gauge(learned, true)
        log_k = self._log_k_in_gauge(net, alpha)
        scores = {
            "rate_constants_R2": identity_r2(log_k, self._log_k.numpy()),
            "rate_law_R2": identity_r2(learned / alpha, true),
        }
        if self._regulation is not None:
            scores |= slopes_of(net, recorded, self._regulation)
        return {name: value for name, value in scores.items() if value is not None}

    def _recovered(self, net: ReactionGNN, oracle: MetabolismOracle) -> tuple[dict[str, float], RecoveredRates]:
        recorded = self._observations.split("train").activity
        learned, true = self._contributions(net, recorded)
        alpha = gauge(learned, true)
        log_k = self._log_k_in_gauge(net, alpha)
        metrics = rate_constant_metrics(
            log_k, self._log_k, identifiable=oracle.joint.identifiable, prefix="rate_constants"
        )
        metrics["n_outliers"] = metrics["rate_constants_n_outliers"]  # the published name
        metrics |= self._standard_errors(net, log_k)
        metrics |= self._substrate_metrics(net, learned / alpha, true, float(alpha[0]))
        if not net.freeze_stoichiometry:
            S = net.stoichiometry().detach()
            metrics |= stoichiometry_metrics(S, self._truth["stoichiometry"], log_k, self._log_k)
        regulated = self._regulated(net, np.array(recorded))
        if regulated is not None:
            metrics |= regulated.metrics
        return metrics, RecoveredRates(log_k, alpha, regulated)

    def _standard_errors(self, net: ReactionGNN, log_k: np.ndarray) -> dict[str, float]:
        """Of log10 k, given the learned functions; the gauge shifts log10 k and leaves its error as it is."""
        if self._estimates.choice is not None and isinstance(self._estimates.choice.method, Smoothed):
            log.info("Not reported: rate_constants_standard_error, because measurement noise enters the rate laws too.")
            return {}
        frames = self._estimates.frames("train", net)
        _, _, probable = solved(net, frames, lines=self._training.linear_homeostasis is not False)
        return interval_metrics(log_k, probable.error, self._log_k, prefix="rate_constants")

    def _regulated(self, net: ReactionGNN, recorded: np.ndarray) -> RegulationScores | None:
        if self._regulation is None:
            return None
        keys = self._training if isinstance(self._training, HomeostasisTraining) else HomeostasisTraining()
        return score_regulation(
            net,
            recorded,
            self._regulation,
            clustering=keys.embedding_clustering,
            distance=keys.cluster_distance_threshold,
        )

    @staticmethod
    def _log_k_in_gauge(net: ReactionGNN, alpha: np.ndarray) -> np.ndarray:
        """log10 k [reaction] as if alpha [order] were 1."""
        substrates = net.incidence.reshape(net.n_metabolites, len(alpha), -1).sum(dim=0).numpy()
        return in_gauge(net.log_k.detach().numpy(), alpha, substrates)

    def _contributions(
        self, net: ReactionGNN, recorded: np.ndarray, n_samples: int = SAMPLES
    ) -> tuple[np.ndarray, np.ndarray]:
        """F and the true law^s [sample, order], at evenly spaced recorded concentrations."""
        c = np.array(recorded).reshape(-1)
        c = torch.from_numpy(c[:: max(1, len(c) // n_samples)])
        with torch.no_grad():
            learned = net.factor(c.to(net.log_k.dtype)).double()
        law = self._field.law.factor(c.double().clamp_min(SMALLEST))
        return learned.numpy(), (law[:, None] ** net.substrate.orders.double()).numpy()

    def _substrate_metrics(self, net: ReactionGNN, F: np.ndarray, law: np.ndarray, alpha: float) -> dict[str, float]:
        """alpha as published and as used, and how F (in the gauge of the truth) follows the law on the recording."""
        with torch.no_grad():
            published = float(net.factor(torch.ones(1, dtype=net.log_k.dtype))[0, 0])
        law_R2 = identity_r2(F, law)
        scores = {
            "alpha": published,
            "alpha_gauge": alpha,
            "MLP_sub_R2": law_R2,
            "rate_law_R2": law_R2,  # the name that other families' functions have
            "MLP_sub_corr": pearson(F, law),
        }
        return {name: value for name, value in scores.items() if value is not None}

    # ---- figures ----

    def tables(self, fit: Fit, evaluation: MetabolismEvaluation) -> dict[str, str]:
        return {}

    def figures(self, fit: Fit, evaluation: MetabolismEvaluation) -> dict[str, Figure]:
        train = self._observations.split("train")
        c = np.array(train.activity)
        external = None if train.external is None else np.array(train.external)
        joint, recovered = evaluation.oracle.joint, evaluation.recovered
        drawn = {
            "concentrations": activity(c, self._delta_t, external, METABOLITES),
            "spectrum": spectrum(c, METABOLITES),
            "identifiability": identifiability(
                joint.solver.singular_values.numpy(), joint.rank, "rate constants and lines"
            ),
            "kinograph_test": rollout(
                *evaluation.rollouts["test"], self._delta_t, "Rollout on the test trajectory", METABOLITES
            ),
            **loss_figures(fit),
        }
        if recovered is None:
            return drawn
        known = joint.identifiable.numpy()
        drawn["rate_constants"] = rate_constants(self._log_k.numpy(), recovered.log_k, known, evaluation.metrics)
        drawn["substrate"] = self._substrate(fit.net, recovered.alpha, c)
        if recovered.regulated is not None and self._regulation is not None:
            drawn |= regulation_figures(fit.net, c, recovered.regulated, self._regulation, METABOLITES)
        return drawn

    def sketches(self, fit: Fit, evaluation: MetabolismEvaluation) -> dict[str, Figure]:
        """The homeostasis in place of constants and kinetics where phase 2 is about it."""
        recovered = evaluation.recovered
        if recovered is None:
            return {}
        c = np.array(self._observations.split("train").activity)
        about_homeostasis = isinstance(self._training, HomeostasisTraining) and self._training.homeostasis_training
        if about_homeostasis and recovered.regulated is not None and self._regulation is not None:
            drawn = regulation_figures(fit.net, c, recovered.regulated, self._regulation, METABOLITES)
            return {"recovery" if name == "MLP_node" else name: figure for name, figure in drawn.items()}
        known = evaluation.oracle.joint.identifiable.numpy()
        return {
            "recovery": rate_constants(self._log_k.numpy(), recovered.log_k, known, evaluation.metrics),
            "functions": self._substrate(fit.net, recovered.alpha, c),
        }

    def _substrate(self, net: ReactionGNN, alpha: np.ndarray, c: np.ndarray) -> Figure:
        """F(c, s) after the gauge beside the true law, over the recorded range."""
        low, high = max(float(c.min()), 1e-3), float(c.max())
        grid = torch.logspace(np.log10(low), np.log10(high), 200, dtype=torch.float64)
        with torch.no_grad():
            learned = net.factor(grid.to(net.log_k.dtype)).double().numpy()
        orders = net.substrate.orders.double().numpy()
        true = self._field.law.factor(grid).numpy()[:, None] ** orders
        return substrate(grid.numpy(), true, learned / alpha, orders, c)
