"""The weights over the units of all sessions with what is known of them, and their scores."""

import logging
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.fitting.stitching import DRAWS
from hydra_llm.families.signal.recorded.recovered import LEVELS
from hydra_llm.families.signal.recorded.scale import factor_to, scaled
from hydra_llm.families.signal.stitched import StitchedResult
from hydra_llm.metrics.scores import identity_r2, pearson, slope

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StitchedRecovery:
    """All [target, source], on the scale of messages of standard deviation 1, whether a truth is given or not.

    W: NaN where no session shows both units. synapses: bool, those that may exist. alone: W of every session, averaged:
    of their mean. factor: brings them to the scale of `true` where that is given.
    """

    W: np.ndarray
    found: Weights
    synapses: np.ndarray
    together: np.ndarray
    alone: tuple[np.ndarray, ...]
    averaged: np.ndarray
    scale: np.ndarray
    factor: float
    true: np.ndarray | None

    @classmethod
    def of(
        cls, result: StitchedResult, scale: np.ndarray, off_diagonal: np.ndarray, true: np.ndarray | None
    ) -> "StitchedRecovery":
        synapses = off_diagonal if result.synapses is None else off_diagonal & result.synapses.numpy()
        together, told = result.together.numpy(), result.determined.numpy() & synapses
        W = result.drawn.W.numpy() * scale
        counted = together & synapses
        factor = 1.0
        if true is not None:
            factor = float(factor_to(np.where(counted, W, 0), np.where(counted, true, 0), shared=True)[0])
        error = result.drawn.variance.clamp_min(0).sqrt().numpy() * np.abs(scale)
        value = np.where(together, W, np.nan)
        alone = tuple(own.numpy() * scale for own in result.alone.values())
        averaged = np.where(together, result.averaged.numpy() * scale, np.nan)
        found = Weights(np.where(together, W, 0.0), error, told, DRAWS)
        return cls(value, found, synapses, together, alone, averaged, scale, factor, true)

    def scores(self) -> dict[str, float]:
        """Of the errors, and against the truth where the user gave one. All are over pairs that were recorded together
        in some session; the shares are of all synapses that may exist."""
        counted, told = self.together & self.synapses, self.found.determined
        n = max(1, int(self.synapses.sum()))
        scores: dict[str, float] = {
            "n_edges": float(self.synapses.sum()),
            "connectivity_together_share": float(counted.sum() / n),
            "connectivity_determined_share": float(told.sum() / n),
        }
        if told.any():
            error = self.found.error[told]
            scores["connectivity_standard_error"] = float(np.median(error))
            scores["connectivity_relative_error"] = float(np.median(error) / np.sqrt((self.W[told] ** 2).mean()))
        if self.true is None:
            log.info("Not reported: connectivity_R2 and other scores against a truth, because none is given.")
            return scores
        w, true = self.factor * self.W[counted], self.true[counted]
        r = pearson(w, true)
        against: dict[str, float | None] = {
            "connectivity_R2": identity_r2(w, true),
            "connectivity_R2_slope": slope(w, true),
            "connectivity_R2_pearson2": None if r is None else r**2,
            "averaged_connectivity_R2": identity_r2(self.factor * self.averaged[counted], true),
        }
        alone = [identity_r2(self.factor * np.nan_to_num(own)[counted], true) for own in self.alone]
        against["alone_connectivity_R2"] = max((one for one in alone if one is not None), default=None)
        exists = true != 0
        if exists.any():
            against["connectivity_sign_accuracy"] = float((np.sign(w) == np.sign(true))[exists].mean())
        scores |= {name: value for name, value in against.items() if value is not None}
        if told.any():
            found = scaled(self.found, self.factor)
            distance = np.abs(found.value - self.true)[told] / np.maximum(found.error[told], 1e-300)
            scores["connectivity_mean_z2"] = float((distance**2).mean())
            for level in LEVELS:
                inside = float((distance < found.reach(level)).mean())
                scores[f"connectivity_coverage_{level * 100:.0f}"] = inside
        return scores
