"""UCB1 as the study protocol documents it: reward + c * sqrt(ln N / visits), on the metric's own scale.

`Ucb1` divides by the visits of a node (at least one for every launched node). `Ucb1Shifted` divides by 1 + visits, the
other published form. Auer, Cesa-Bianchi & Fischer (2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy, plain_rewards
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class Ucb1(SelectionPolicy):
    c: float = 1.414
    name = "ucb1"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        return plain_rewards(arms) + self.c * np.sqrt(np.log(len(arms)) / np.maximum(arms.visits, 1))


@dataclass(frozen=True)
class Ucb1Shifted(SelectionPolicy):
    c: float = 1.414
    name = "ucb1_shifted"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        return plain_rewards(arms) + self.c * np.sqrt(np.log(len(arms)) / (1.0 + arms.visits))
