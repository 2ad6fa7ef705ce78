"""What can be said of a fit to sessions that show different units."""

import logging
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from matplotlib.figure import Figure
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.families.csv_text import csv_text
from hydra_llm.families.evaluation import Evaluation, OracleReport, loss_figures
from hydra_llm.families.fitting import Fit
from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths
from hydra_llm.families.signal.fitting.sessions import Sessions
from hydra_llm.families.signal.fitting.stitched_weights import SessionRows
from hydra_llm.families.signal.learned_functions import values
from hydra_llm.families.signal.recorded import tables
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.curves import POINTS, LearnedCurves
from hydra_llm.families.signal.recorded.figures import learned_functions, weights_with_errors
from hydra_llm.families.signal.recorded.scale import natural_scale
from hydra_llm.families.signal.recorded.stitched_predictions import SessionPrediction, predicted, skill
from hydra_llm.families.signal.recorded.stitched_weights_scores import StitchedRecovery
from hydra_llm.families.signal.recorded.trust.horizon import closeness
from hydra_llm.families.signal.recorded.trust.innovations import judged_memory
from hydra_llm.families.signal.recorded.trust.prediction import beats_rivals
from hydra_llm.families.signal.recorded.trust.report import Trust
from hydra_llm.families.signal.recorded.trust.verdict import FAILS, HOLDS, UNTOLD, TrustVerdict
from hydra_llm.families.signal.recorded.trust.weights_checks import PARTS, Halves, halves_verdict
from hydra_llm.families.signal.stitched import StitchedFit, StitchedResult

log = logging.getLogger(__name__)

LEFT_OUT = ("Inputs", "Rollouts", "Shifted inputs")  # checks that need a recording of all units


@dataclass(frozen=True)
class StitchedEvaluation(Evaluation):
    """tested: the test frames of every session, a frame ahead."""

    recovered: StitchedRecovery
    tested: list[SessionPrediction]
    trust: Trust


class StitchedEvaluator:
    """Looks at noise before the fit, and at weights and predictions after it."""

    def __init__(self, dataset: Dataset, training: DictConfig) -> None:
        del training  # the fit brings what it was made with
        self._observations, self._true = dataset.observations(), dataset.truth().get("connectivity")
        meta = self._observations.meta
        self._names, self._unit = tuple(meta["unit_names"]), meta["unit"] or "a.u."
        self._sessions = {split: Sessions.of(self._observations, split) for split in meta["n_frames"]}
        self._noise = ChannelNoise.of_sessions(self._sessions["train"])

    def oracle(self) -> OracleReport[ChannelNoise]:
        """No law is known, so there is no oracle: the noise of the recording stands in its place."""
        return OracleReport(self._noise, dict(self._noise.scores), self._noise.sentence(self._unit))

    def score(self, fit: Fit, oracle: OracleReport[ChannelNoise]) -> StitchedEvaluation:
        result = _result(fit)
        metrics = {
            "n_neurons": float(len(self._names)),
            "n_sessions": float(len(self._sessions["train"].visible)),
            "n_parameters": float(sum(p.numel() for p in fit.net.parameters())),
            "stitching_rounds": float(result.state.rounds),
            "hidden_variance_share": result.drawn.hidden_share,
        }
        recovered = StitchedRecovery.of(
            result, natural_scale(fit.net, self._states), fit.net.off_diagonal.bool().numpy(), _numpy(self._true)
        )
        metrics |= recovered.scores()
        paths = HiddenPaths.of(result.state.law, result.state.noise, self._sessions["train"])
        validated, tested = (predicted(paths, self._sessions, split) for split in ("validation", "test"))
        metrics["onestep_skill"] = skill(validated)
        metrics["onestep_R2"] = float(np.mean([1 - one.held_out.errors["network"] for one in validated]))
        trusted = self._trust(result, validated, tested)
        log.info("%s", trusted.sentence())
        return StitchedEvaluation({**metrics, **trusted.metrics}, recovered, tested, trusted)

    def _trust(
        self, result: StitchedResult, validated: list[SessionPrediction], tested: list[SessionPrediction]
    ) -> Trust:
        """Score: the mean of how close the network comes to the next validation frame, and its weights to those of
        both halves of the training frames."""
        found = _halves(result)
        beaten = [beats_rivals(one.held_out) for one in tested]
        holds = all(one.finding == HOLDS for one in beaten)
        gains = [one.scores["test_likelihood_gain"] for one in beaten]
        numbers = ", ".join(f"{one.session + 1}: {gain:.3g}" for one, gain in zip(tested, gains, strict=True))
        prediction = TrustVerdict(
            "Prediction",
            HOLDS if holds else FAILS,
            f"Gain in log likelihood of test frames over the best rival, per unit and frame, by session: {numbers}. "
            "Hidden units are followed by a filter that looks at earlier frames only.",
            {"test_likelihood_gain": float(np.mean(gains))},
        )
        memory = judged_memory(
            float(np.mean([one.memory for one in tested])), sum(one.n_steps for one in tested), self._noise
        )
        left_out = [
            TrustVerdict(check, UNTOLD, "Not made where sessions show different units: it needs all units at once.")
            for check in LEFT_OUT
        ]
        score = (closeness([1 - skill(validated)]) + found.agreement) / 2
        return Trust((prediction, memory, halves_verdict(found), *left_out), score)

    # ---- what is written ----

    def tables(self, fit: Fit, evaluation: StitchedEvaluation) -> dict[str, str]:
        recovered = evaluation.recovered
        noise = (
            f"{self._noise.sentence(self._unit)} Sessions show different units: {self._together(recovered)} Halves are "
            "of frames whose hidden units were completed with the weights of all of them, so they differ by less than "
            "two recordings would."
        )
        return {
            "noise.csv": tables.noise_table(self._names, self._noise),
            "sessions.csv": self._session_table(evaluation.tested),
            "weights.csv": tables.weights_table(self._names, recovered.W, recovered.synapses, recovered.found),
            "functions.csv": tables.functions_table(self._curves(fit, recovered), ("all",)),
            "trust.md": evaluation.trust.page(noise, fit.target),
        }

    def figures(self, fit: Fit, evaluation: StitchedEvaluation) -> dict[str, Figure]:
        return {**loss_figures(fit), **self.sketches(fit, evaluation)}

    def sketches(self, fit: Fit, evaluation: StitchedEvaluation) -> dict[str, Figure]:
        own = evaluation.recovered
        return {
            "functions": learned_functions(self._curves(fit, own), self._unit),
            "weights": weights_with_errors(own, own.found, self._unit),
        }

    def _together(self, recovered: StitchedRecovery) -> str:
        never = int((recovered.synapses & ~recovered.together).sum())
        if not never:
            return "every pair of units was recorded together in at least one of them."
        return (
            f"{never:,} of {int(recovered.synapses.sum()):,} pairs were never recorded together and are not determined."
        )

    def _session_table(self, tested: list[SessionPrediction]) -> str:
        """Per session: units shown, training frames, and skill a frame ahead on the test frames."""
        train = self._sessions["train"]
        skills = {one.session: one.held_out.skill for one in tested}
        rows = []
        for number, shown in enumerate(train.visible):
            frames = sum(len(one.activity) for one in train.of_session(number))
            own = f"{skills[number]:.8g}" if number in skills else ""
            rows.append([str(number + 1), str(int(shown.sum())), str(len(shown) - int(shown.sum())), str(frames), own])
        return csv_text(("session", "visible_units", "hidden_units", "training_frames", "test_onestep_skill"), rows)

    @property
    def _states(self) -> np.ndarray:
        """Recorded states as columns of all units, whose functions are shared: every unit with those of any."""
        every = np.concatenate(
            [one.activity[:, one.visible].numpy().ravel() for one in self._sessions["train"].stretches]
        )
        every = every[:: max(1, len(every) // 4000)]
        return np.repeat(every[:, None], len(self._names), axis=1)

    def _curves(self, fit: Fit, recovered: StitchedRecovery) -> LearnedCurves:
        u = self._states[:, 0]
        low, high = np.quantile(u, [0.001, 0.999])
        counts, edges = np.histogram(u, bins=POINTS, range=(low, high))
        points = (edges[1:] + edges[:-1]) / 2
        grid = np.repeat(points[:, None], len(self._names), axis=1)
        message, update = (
            values(fit.net.message, fit.net, grid) / recovered.scale,
            values(fit.net.update, fit.net, grid),
        )
        return LearnedCurves(grid[:, :1], message[:, :1], update[:, :1], counts, None)


def _halves(result: StitchedResult) -> Halves:
    """W from every other of PARTS parts of every completed stretch, given the functions."""
    both: tuple[list[SessionRows], list[SessionRows]] = ([], [])
    for rows in result.drawn.rows:
        edges = np.linspace(0, len(rows.message), PARTS + 1).round().astype(int)
        for number, (start, stop) in enumerate(pairwise(edges.tolist())):
            both[number % 2].append(rows.at(slice(start, stop)))
    told = result.determined.numpy()
    found = []
    for half in both:
        weights = result.weights_of(half)
        error = weights.variance.clamp_min(0).sqrt().numpy()
        found.append(Weights(weights.W.numpy(), error, told, PARTS))
    return Halves(found[0], found[1], result.drawn.W.numpy(), told)


def _result(fit: Fit) -> StitchedResult:
    if not isinstance(fit, StitchedFit) or fit.stitched is None:
        raise TypeError(f"Sessions that show different units need a StitchedFit, got a {type(fit).__name__}.")
    return fit.stitched


def _numpy(tensor: torch.Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.numpy()
