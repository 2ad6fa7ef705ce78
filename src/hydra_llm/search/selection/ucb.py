"""An upper confidence bound of what is believed: posterior mean + c * posterior standard deviation.

Both come from the Gaussian process on all runs (surrogate/), of a score that was drawn in and standardised, so neither
the metric's scale nor its direction matters, and runs of neighbours count. Srinivas, Krause, Kakade & Seeger (2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hydra_llm.search.selection.base import Scores, SelectionPolicy, unit_ranks
from hydra_llm.search.tree.arms import Arms


@dataclass(frozen=True)
class Ucb(SelectionPolicy):
    c: float = 1.0
    name = "ucb"
    believes: ClassVar[bool] = True

    def scores(self, arms: Arms, rng: np.random.Generator) -> Scores:
        """Ranks while too little has run to believe anything."""
        if arms.believed is None or arms.doubt is None:
            return unit_ranks(arms)
        return arms.believed + self.c * arms.doubt
