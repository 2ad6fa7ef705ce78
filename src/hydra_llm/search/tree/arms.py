"""The exploration tree as arrays, for selection policies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Arms:
    """The tree as arrays, one entry per node in order of creation: all that a selection policy may look at."""

    ids: npt.NDArray[np.int64]  # [node]
    rewards: npt.NDArray[np.float64]  # [node] larger is better; nan where nothing has been scored
    visits: npt.NDArray[np.int64]  # [node] runs of the node and its descendants, pending ones included
    failed: npt.NDArray[np.bool_]  # [node] finished, but never with a score
    believed: npt.NDArray[np.float64] | None = None  # [node] posterior mean of the standardised score
    doubt: npt.NDArray[np.float64] | None = None  # [node] its standard deviation; both None while too little has run

    def __len__(self) -> int:
        return len(self.ids)
