"""The score as the reference projects code it: reward + c * sqrt(N) / (1 + V). Kept for comparison.

Its bonus has no prior and grows with the tree: the gap between a leaf (V = 1) and a node with one child (V = 2) is
c * sqrt(N) / 6. From N > 18 at c = 1.414 that exceeds 1, the whole range of an R2, and a leaf always wins: the rule
becomes hill climbing from the latest nodes, whatever the metric says about the inner ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy, plain_rewards
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class PuctReference(SelectionPolicy):
    c: float = 1.414
    name = "puct_reference"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        return plain_rewards(arms) + self.c * np.sqrt(len(arms)) / (1.0 + arms.visits)
