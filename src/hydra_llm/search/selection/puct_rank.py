"""Rank PUCT, the default: rank + c * P * sqrt(N) / (1 + V) with a uniform prior P = 1/N that sums to one.

The reward enters as a rank, so adding a constant to the metric or rescaling it changes no pick; the bonus carries a
prior, so it fades as the tree grows instead of drowning the reward. Compare puct_reference.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy, unit_ranks
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class PuctRank(SelectionPolicy):
    """`c` weighs exploration; 3 was measured on the random-walk toy of tests/search/selection."""

    c: float = 3.0
    name = "puct_rank"

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        n = len(arms)
        prior = 1.0 / n
        return unit_ranks(arms) + self.c * prior * np.sqrt(n) / (1.0 + arms.visits)
