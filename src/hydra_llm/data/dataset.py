"""A dataset on disk, whose parts are opened apart."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydra_llm.data.observations import Observations
from hydra_llm.data.oracle import Oracle
from hydra_llm.data.truth import Truth


@dataclass(frozen=True)
class Dataset:
    """A complete dataset. Training gets the observations only, and the oracle under target=drift."""

    path: Path

    @property
    def fingerprint(self) -> str:
        return self.path.name

    def observations(self) -> Observations:
        return Observations.open(self.path)

    def oracle(self) -> Oracle:
        return Oracle.open(self.path)

    def truth(self) -> Truth:
        return Truth.open(self.path)

    def states(self, split: str) -> np.ndarray:
        """The true states [frame, unit] of a split, of all units, hidden ones too."""
        truth = self.truth()
        if truth.has_clean_activity:
            return truth.clean_activity(split)
        return self.observations().split(split, check=False).activity
