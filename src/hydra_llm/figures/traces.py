"""A few neurons over time, one above the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from hydra_llm.figures.labels import Labels
from hydra_llm.figures.style import INK, TEXT, dress

_MOST_TRACES = 8
_BINS = 1500  # about the width of the axes in pixels


@dataclass(frozen=True)
class Ink:
    """How the lines of one trajectory look."""

    colour: str
    width: float
    style: str
    label: str | None


def envelope(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames and values of u [frame]: all, or the least and the largest of each of 1500 bins in their order.

    Drawn, a long trace and its envelope look the same; every n-th frame alone would lose peaks.
    """
    width = len(u) // _BINS
    if width <= 2:
        return np.arange(len(u)), u
    n_bins = len(u) // width
    bins = u[: n_bins * width].reshape(n_bins, width)
    extremes = np.sort(np.stack([bins.argmin(axis=1), bins.argmax(axis=1)], axis=1), axis=1)
    frames = (np.arange(n_bins)[:, None] * width + extremes).ravel()
    return frames, u[frames]


def draw_traces(
    axes: Axes, trajectories: Sequence[np.ndarray], inks: Sequence[Ink], delta_t: float, labels: Labels, name: str
) -> None:
    """Up to 8 neurons, evenly spaced by index, of each trajectory [frame, neuron]; the first sets the offsets.

    Values far outside the room of a trace (a rollout that diverged) end at the limits of the axes.
    """
    reference = trajectories[0]
    n_frames, n = reference.shape
    shown = np.unique(np.linspace(0, n - 1, min(n, _MOST_TRACES)).round().astype(int))
    middle, offset = _room(reference[:, shown])
    levels = offset * np.arange(len(shown))[::-1]  # the smallest index on top, as in a raster
    for u, ink in zip(trajectories, inks, strict=True):
        for k, neuron in enumerate(shown):
            frames, values = envelope(u[:, neuron])
            with np.errstate(invalid="ignore"):
                bounded = np.clip(values - middle[k], -1e3 * offset, 1e3 * offset)  # no overflow while drawing
            label = ink.label if k == 0 else None
            axes.plot(frames * delta_t, bounded + levels[k], color=ink.colour, lw=ink.width, ls=ink.style, label=label)
    axes.set_xlim(0, n_frames * delta_t)
    axes.set_ylim(-0.75 * offset, levels[0] + 0.75 * offset)
    axes.set_yticks(levels, [labels.name(neuron) for neuron in shown])
    dress(axes, f"{name}, {labels.count(n, len(shown))}", labels.time_axis, labels.unit_axis)
    spacing = f"spacing {offset:.3g} {labels.state_unit}"
    axes.set_title(spacing, fontsize=TEXT, loc="right", color=INK)


def _room(u: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle of each trace [neuron], and a distance at which none enters the room of the next."""
    finite = np.where(np.isfinite(u), u, np.nan)
    known = np.isfinite(u).any(axis=0)
    low, high = np.zeros(u.shape[1]), np.zeros(u.shape[1])
    low[known], high[known] = np.nanmin(finite[:, known], axis=0), np.nanmax(finite[:, known], axis=0)
    return (low + high) / 2, float((high - low).max()) or 1.0
