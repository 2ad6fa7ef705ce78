"""Both functions of a fit over the recorded range, as they are written and drawn."""

from dataclasses import dataclass

import numpy as np

POINTS = 100  # of a function in its table


@dataclass(frozen=True)
class LearnedCurves:
    """states, message and update [point, neuron], one column where all neurons share their functions; counts [point]:
    how often the recording is there; bands: half widths [point] of the 95 % bands of message and update, or None.
    """

    states: np.ndarray
    message: np.ndarray
    update: np.ndarray
    counts: np.ndarray
    bands: tuple[np.ndarray, np.ndarray] | None
