"""A trajectory as a picture: one row per neuron, time to the right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import Labels
from hydra_llm.figures.scale import Scale
from hydra_llm.figures.style import dress

_MOST_ROWS, _MOST_COLUMNS = 500, 2000  # more than a picture has room for; evenly spaced ones are drawn


def trajectory(values: ArrayLike, name: str) -> np.ndarray:
    """values as [frame, neuron], or an error that says what they are."""
    u = np.asarray(values)
    if u.ndim != 2 or 0 in u.shape:
        raise ValueError(f"{name} must be [frame, neuron] with at least one of each, got the shape {u.shape}.")
    return u


def time_step(delta_t: float) -> float:
    if not (np.isfinite(delta_t) and delta_t > 0):
        raise ValueError(f"delta_t must be above 0, got {delta_t}.")
    return float(delta_t)


def stride(n: int, most: int) -> int:
    """Every how many-th of n, so that at most `most` remain."""
    return -(-n // most)


def every(step: int, what: str) -> str:
    """', every 3rd frame', or nothing where all are drawn."""
    suffix = "th" if step % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(step % 10, "th")
    return "" if step == 1 else f", every {step}{suffix} {what}"


def draw_raster(axes: Axes, u: np.ndarray, delta_t: float, scale: Scale, labels: Labels, name: str) -> AxesImage:
    """u [frame, neuron]. Values that are no number stay grey. The title says how many of the neurons are drawn."""
    n_frames, n = u.shape
    drawn = u[:: stride(n_frames, _MOST_COLUMNS), :: stride(n, _MOST_ROWS)].T  # [neuron, frame]
    axes.set_facecolor("#BBBBBB")
    image = axes.imshow(
        np.ma.masked_invalid(drawn),
        aspect="auto",
        interpolation="nearest",
        extent=(0, n_frames * delta_t, n - 0.5, -0.5),
        cmap=scale.colours,
        norm=scale.norm,
    )
    dress(axes, f"{name}, {labels.count(n, len(drawn))}", labels.time_axis, labels.unit_axis)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if labels.names:
        axes.yaxis.set_major_formatter(lambda row, _: labels.name(round(row)) if 0 <= round(row) < n else "")
    return image
