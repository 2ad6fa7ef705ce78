"""The metabolism family: its oracle, its scores, its figures. Sees the truth, after or beside the fit, never inside."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig
from torch import Tensor

from hydra_llm.data.store import Dataset
from hydra_llm.data.windows import frames_of
from hydra_llm.families.fitting import Fit
from hydra_llm.families.metabolism.evaluation.regulation import (
    RegulationScores,
    oracle_regulation,
    regulation_figures,
    regulation_of,
    score_regulation,
)
from hydra_llm.families.metabolism.figures.identifiability import identifiability
from hydra_llm.families.metabolism.figures.rate_constants import rate_constants
from hydra_llm.families.metabolism.figures.substrate import substrate
from hydra_llm.families.metabolism.metrics import (
    gauge,
    in_gauge,
    rate_constant_metrics,
    stoichiometry_metrics,
)
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.metabolism.model.substrate import SMALLEST
from hydra_llm.families.metabolism.oracle import OracleReport, oracle_report
from hydra_llm.families.metabolism.system import ReactionField
from hydra_llm.figures.activity import activity
from hydra_llm.figures.labels import Labels
from hydra_llm.figures.loss import loss
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.spectrum import spectrum
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.dynamics import onestep_metrics, rollout_metrics
from hydra_llm.metrics.scores import identity_r2, pearson
from hydra_llm.metrics.spectrum import activity_rank
from hydra_llm.systems.integrators import integrator
from hydra_llm.systems.trajectory import integrate

METABOLITES = Labels(unit="metabolite", state="concentration c", state_unit="a.u.", time_unit="a.u.")
LOST = 0.5  # a rollout is lost when its error passes this share of the spread of the concentrations
PHASE_2 = ("phase2_loss", "phase2_node_magnitude", "reaction_error")  # logged while fitting
SAMPLES = 20_000  # recorded concentrations at which learned and true substrate functions are compared


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found; log_k and F are after the gauge."""

    metrics: dict[str, float]
    log_k: np.ndarray  # learned [reaction]
    alpha: np.ndarray  # [order]
    rollouts: dict[str, tuple[np.ndarray, np.ndarray]]  # split -> (true, predicted) [frame, metabolite]
    regulated: RegulationScores | None  # of a system with homeostasis
    oracle: OracleReport


class MetabolismEvaluator:
    """Everything about one dataset of the family that needs its truth."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        self._observations, self._truth = dataset.observations(), dataset.truth()
        self._training = training
        structure = {name: self._observations.structure(name) for name in ("stoichiometry", "substrate_orders")}
        self._field = ReactionField.from_truth(self._truth, structure, self._truth.meta, torch.float64)
        self._log_k = self._truth["log_k"]
        self._regulation = regulation_of(self._truth)
        self._delta_t = float(self._observations.meta["delta_t"])

    def oracle(self) -> OracleReport:
        report = oracle_report(
            self._samples("train"),
            self._field,
            self._log_k,
            self._truth["metabolite_type"],
            self._observations,
            limited=self._truth.meta["flux_limit_dt"] is not None,
        )
        if self._regulation is not None:
            recorded = np.array(self._observations.split("train").activity)
            report.scores.update(oracle_regulation(report.condensed, report.joint, recorded, self._regulation))
        return report

    def _samples(self, split: str) -> Samples:
        recorded = self._observations.split(split)
        return Samples(*frames_of(recorded, self._training.target, self._training.difference_order, self._delta_t))

    def score(self, fit: Fit, oracle: OracleReport) -> Evaluation:
        """All metrics of a fitted network. onestep, val and test are held-out trajectories."""
        net: ReactionGNN = fit.net
        train = self._observations.split("train")
        learned, true = self._contributions(net, train.activity)
        alpha = gauge(learned, true)
        n_orders = len(alpha)
        substrates = net.incidence.reshape(net.n_metabolites, n_orders, -1).sum(dim=0).numpy()
        log_k = in_gauge(net.log_k.detach().numpy(), alpha, substrates)
        metrics = rate_constant_metrics(
            log_k, self._log_k, identifiable=oracle.joint.identifiable, prefix="rate_constants"
        )
        metrics["n_outliers"] = metrics["rate_constants_n_outliers"]  # the published name
        metrics |= self._substrate_metrics(net, learned / alpha, true, float(alpha[0]))
        if not net.freeze_stoichiometry:
            S = net.stoichiometry().detach()
            metrics |= stoichiometry_metrics(S, self._truth["stoichiometry"], log_k, self._log_k)
        rollouts = {}
        for split, prefix in (("validation", "val"), ("test", "test")):
            recorded = self._observations.split(split)
            n = min(self._training.rollout_frames, recorded.n_frames)
            predicted = self._rollout(net, recorded.activity[:n], recorded.external)
            rollouts[split] = (np.array(recorded.activity[:n]), predicted)
            metrics |= rollout_metrics(predicted, recorded.activity[:n], prefix=prefix, tolerance=LOST)
        metrics |= self._onestep(net)
        metrics |= activity_rank(train.activity)
        metrics["effective_rank"] = metrics["activity_rank_99"]  # the published name, which rules of a search read
        regulated = self._regulated(net, np.array(train.activity))
        if regulated is not None:
            metrics |= regulated.metrics
        metrics |= {name: fit.history[name][1][-1] for name in PHASE_2 if name in fit.history}
        metrics["n_metabolites"] = float(net.n_metabolites)
        metrics["n_reactions"] = float(net.n_reactions)
        metrics["n_parameters"] = float(sum(p.numel() for p in net.parameters() if p.requires_grad))
        return Evaluation(metrics, log_k, alpha, rollouts, regulated, oracle)

    def _regulated(self, net: ReactionGNN, recorded: np.ndarray) -> RegulationScores | None:
        if self._regulation is None:
            return None
        clustering = self._training.get("embedding_clustering", "kmeans")
        distance = self._training.get("cluster_distance_threshold", 0.1)
        return score_regulation(net, recorded, self._regulation, clustering=clustering, distance=distance)

    def _contributions(self, net: ReactionGNN, recorded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F and the true law^s [sample, order], at evenly spaced recorded concentrations."""
        c = np.array(recorded).reshape(-1)
        c = torch.from_numpy(c[:: max(1, len(c) // SAMPLES)])
        with torch.no_grad():
            learned = net.factor(c.to(net.log_k.dtype)).double()
        law = self._field.law.factor(c.double().clamp_min(SMALLEST))
        return learned.numpy(), (law[:, None] ** net.substrate.orders.double()).numpy()

    def _substrate_metrics(self, net: ReactionGNN, F: np.ndarray, law: np.ndarray, alpha: float) -> dict[str, float]:
        """alpha as published and as used, and how F (in the gauge of the truth) follows the law on the recording."""
        with torch.no_grad():
            published = float(net.factor(torch.ones(1, dtype=net.log_k.dtype))[0, 0])
        scores = {
            "alpha": published,
            "alpha_gauge": alpha,
            "MLP_sub_R2": identity_r2(F, law),
            "MLP_sub_corr": pearson(F, law),
        }
        return {name: value for name, value in scores.items() if value is not None}

    def _onestep(self, net: ReactionGNN) -> dict[str, float]:
        """One-step R2 on the test trajectory, against the drift: what a perfect network would predict."""
        test = self._observations.split("test")
        external = None if test.external is None else torch.tensor(test.external)
        with torch.no_grad():
            predicted = net(torch.tensor(test.activity), external)
        return onestep_metrics(predicted, test.drift, prefix="onestep")

    def _rollout(self, net: ReactionGNN, recorded: np.ndarray, external: np.ndarray | None) -> np.ndarray:
        """The network's own trajectory [frame, metabolite] from the first frame, by the integrator of the recording."""

        def field(u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
            return out.copy_(net(u, external))

        meta = self._observations.meta
        held = None if external is None else torch.tensor(external[: len(recorded)])[:, None]
        with torch.inference_mode():
            states, _, _ = integrate(
                field,
                integrator(meta["integrator"]),
                torch.tensor(recorded[:1]),
                len(recorded),
                self._delta_t,
                meta["substeps"],
                held,
                None,
                floor=0.0,
            )
        return states[:, 0].numpy()

    # ---- figures ----

    def tables(self, fit: Fit, evaluation: Evaluation) -> dict[str, str]:
        return {}

    def figures(self, fit: Fit, evaluation: Evaluation) -> dict[str, Figure]:
        train = self._observations.split("train")
        c = np.array(train.activity)
        external = None if train.external is None else np.array(train.external)
        oracle = evaluation.oracle
        known = oracle.joint.identifiable.numpy()
        drawn = {
            "concentrations": activity(c, self._delta_t, external, METABOLITES),
            "spectrum": spectrum(c, METABOLITES),
            "rate_constants": rate_constants(self._log_k.numpy(), evaluation.log_k, known, evaluation.metrics),
            "identifiability": identifiability(
                oracle.joint.solver.singular_values.numpy(), oracle.joint.rank, "rate constants and lines"
            ),
            "substrate": self._substrate(fit.net, evaluation, c),
            "kinograph_test": rollout(
                *evaluation.rollouts["test"], self._delta_t, "Rollout on the test trajectory", METABOLITES
            ),
        }
        curves = {name: series for name, series in fit.history.items() if name.endswith("loss")}
        if curves:
            penalties = {name: series for name, series in fit.history.items() if name.endswith("penalty")}
            drawn["loss"] = loss(curves, penalties, fit.best_interval, "interval of the fit (count)")
        if evaluation.regulated is not None and self._regulation is not None:
            drawn |= regulation_figures(fit.net, c, evaluation.regulated, self._regulation, METABOLITES)
        return drawn

    def _substrate(self, net: ReactionGNN, evaluation: Evaluation, c: np.ndarray) -> Figure:
        """F(c, s) after the gauge beside the true law, over the recorded range."""
        low, high = max(float(c.min()), 1e-3), float(c.max())
        grid = torch.logspace(np.log10(low), np.log10(high), 200, dtype=torch.float64)
        with torch.no_grad():
            learned = net.factor(grid.to(net.log_k.dtype)).double().numpy()
        orders = net.substrate.orders.double().numpy()
        true = self._field.law.factor(grid).numpy()[:, None] ** orders
        return substrate(grid.numpy(), true, learned / evaluation.alpha, orders, c)
