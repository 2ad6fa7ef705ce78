"""Which value gets which colour. Taken from the truth, so that a prediction gone astray cannot wash it out."""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from numpy.typing import ArrayLike

_SHARE_SHOWN = 99.5  # percent of the values inside the colour range; the rest take its end colours
_SAMPLE = 2_000_000

# Blue and orange stay apart in every common form of colour blindness; zero is white, so the number of steps is odd.
_DIVERGING = LinearSegmentedColormap.from_list(
    "blue_orange", ["#08306B", "#2E7EBC", "#FFFFFF", "#E1812C", "#7F2704"], N=257
)
_SEQUENTIAL = LinearSegmentedColormap.from_list("blue", ["#FFFFFF", "#9ECAE1", "#2E7EBC", "#08306B"])


@dataclass(frozen=True)
class Scale:
    """A range of values and its colours: white at zero; two hues where values have two signs, else one."""

    low: float
    high: float
    colours: Colormap

    @property
    def extend(self) -> str:
        """Where a colour bar says that values go beyond it."""
        return "both" if self.low < 0 else "max"

    @property
    def norm(self) -> Normalize:
        return Normalize(self.low, self.high)


def scale_of(values: ArrayLike) -> Scale:
    """One hue for values of one sign, such as concentrations; else two."""
    diverging = diverging_scale(values)
    with np.errstate(invalid="ignore"):
        negative = bool((np.asarray(values) < 0).any())
    return diverging if negative else Scale(0.0, diverging.high, _SEQUENTIAL)


def diverging_scale(values: ArrayLike) -> Scale:
    flat = np.asarray(values).ravel()
    flat = flat[:: max(1, flat.size // _SAMPLE)]
    flat = flat[np.isfinite(flat)]
    limit = float(np.percentile(np.abs(flat), _SHARE_SHOWN)) if flat.size else 0.0
    if limit == 0 and flat.size:
        limit = float(np.abs(flat).max())  # fewer than one value in 200 is not zero
    limit = limit or 1.0
    return Scale(-limit, limit, _DIVERGING)
