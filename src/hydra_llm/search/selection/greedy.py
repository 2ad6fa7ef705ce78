"""Always the best node seen. The strongest rule without noise and local optima, and a baseline for all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy, plain_rewards
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class Greedy(SelectionPolicy):
    c: float = 0.0  # no bonus; present so that every policy is built alike
    name = "greedy"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        scores = plain_rewards(arms)
        scores[arms.failed] = -np.inf if np.isfinite(arms.rewards).any() else 0.0
        return scores
