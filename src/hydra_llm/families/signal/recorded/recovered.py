"""The weights of a recording with what is known of them, and their scores."""

import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.recorded.scale import scaled
from hydra_llm.metrics.connectivity import connectivity_metrics

log = logging.getLogger(__name__)

LEVELS = (0.90, 0.95)  # of intervals


class Bands(Protocol):
    def half_widths(self, states: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Of pointwise bands of message and update at states [point]."""
        ...


@dataclass(frozen=True)
class RecoveredWeights:
    """W [target, source] and what is known of it, on the scale of scale.natural_scale, whether a truth is given or not.

    scale, factor: [source]; `factor` brings W to the scale of `true` where that is given. found: None where no closed
    form gives errors. functions: None where they have no bands.
    """

    W: np.ndarray
    found: Weights | None
    synapses: np.ndarray
    scale: np.ndarray
    factor: np.ndarray
    true: np.ndarray | None
    functions: Bands | None

    def scores(self) -> dict[str, float]:
        """Of the errors, and against the truth where the user gave one."""
        scores: dict[str, float] = {}
        W, found, true = self.W, self.found, self.true
        counted = self.synapses if found is None else self.synapses & found.determined
        if found is not None:
            scores["connectivity_determined_share"] = float(counted.sum() / max(1, self.synapses.sum()))
            if counted.any():
                error = found.error[counted]
                scores["connectivity_standard_error"] = float(np.median(error))
                scores["connectivity_relative_error"] = float(np.median(error) / np.sqrt((W[counted] ** 2).mean()))
        if true is None:
            log.info("Not reported: connectivity_R2 and other scores against a truth, because none is given.")
            return scores
        W = W * self.factor
        scores |= connectivity_metrics(W, true, identifiable=None, prefix="connectivity")
        if found is not None and counted.any():
            found = scaled(found, self.factor)
            distance = np.abs(W - true)[counted] / np.maximum(found.error[counted], 1e-300)
            scores["connectivity_mean_z2"] = float((distance**2).mean())
            for level in LEVELS:
                inside = float((distance < found.reach(level)).mean())
                scores[f"connectivity_coverage_{level * 100:.0f}"] = inside
        return scores
