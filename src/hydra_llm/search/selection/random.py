"""A parent drawn uniformly: the floor that every other rule has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class RandomParent(SelectionPolicy):
    c: float = 0.0  # no bonus; present so that every policy is built alike
    name = "random"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        return rng.random(len(arms))
