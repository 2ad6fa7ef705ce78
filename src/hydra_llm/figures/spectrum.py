"""How many dimensions the activity has: singular values of the recording, with the ranks at 90 and 99 % of variance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.raster import every, stride, trajectory
from hydra_llm.figures.style import GREY, INK, dress, new_figure, outer_legend

_MOST_COMPONENTS = 2000
_MOST_LINEAR = 30
_SHARES = (0.90, 0.99)
_SMALLEST = 1e-7  # of the largest singular value; below it the Gram matrix is rounding


def spectrum(activity: ArrayLike, labels: Labels = NEURONS) -> Figure:
    """activity [frame, neuron]. Beyond 2,000 frames and neurons alike, frames are thinned; the title says so."""
    u = trajectory(activity, "activity")
    step = stride(len(u), _MOST_COMPONENTS) if min(u.shape) > _MOST_COMPONENTS else 1
    singular = _singular_values(u[::step])
    figure = new_figure(
        10, 4.4, f"Spectrum of the {labels.state}: {labels.count(u.shape[1], u.shape[1])}{every(step, 'frame')}"
    )
    left, right = figure.subplots(1, 2)
    variance = singular**2
    varies = bool(variance.sum() > 0)
    share = np.cumsum(variance) / variance.sum() if varies else np.zeros_like(variance)
    component = np.arange(1, len(singular) + 1)
    shown = singular > 0
    left.plot(component[shown], singular[shown], ".-", color=INK, ms=4, lw=0.8)
    right.plot(component, 100 * share, ".-", color=INK, ms=4, lw=0.8)
    dress(left, "Singular values", "component (rank)", f"singular value ({labels.state_unit})")
    dress(right, "Variance explained", "component (rank)", "cumulative variance (%)")
    right.set_ylim(0, 104)
    _count_components(left, len(singular))
    _count_components(right, len(singular))
    if not varies:
        left.set_ylim(0, 1)
        for axes in (left, right):
            axes.text(0.5, 0.5, "the activity is constant", transform=axes.transAxes, ha="center", color=GREY)
        return figure
    left.set_yscale("log")
    _mark_ranks(left, right, share)
    outer_legend(figure, handles=right.get_lines()[1:], ncols=2)
    return figure


def _count_components(axes: Axes, n: int) -> None:
    """Whole numbers; logarithmic once there are too many to tell the first ones apart."""
    if n <= _MOST_LINEAR:
        axes.set_xlim(0.5, n + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        return
    axes.set_xscale("log")
    axes.set_xlim(0.9, 1.1 * n)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _mark_ranks(left: Axes, right: Axes, share: np.ndarray) -> None:
    for level, colour, style in zip(_SHARES, (OKABE_ITO[0], OKABE_ITO[4]), ("--", ":"), strict=True):
        rank = int((share < level).sum()) + 1
        for axes in (left, right):
            axes.axvline(rank, color=colour, lw=1.4, ls=style, label=f"{100 * level:g} % of variance: rank {rank:,}")


def _singular_values(u: np.ndarray) -> np.ndarray:
    """Of the activity less its mean over time, descending; as many as the smaller side of [frame, neuron]."""
    centred = u.astype(np.float64) - u.mean(axis=0, dtype=np.float64)
    gram = centred.T @ centred if u.shape[1] <= u.shape[0] else centred @ centred.T
    singular = np.sqrt(np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None))
    return np.where(singular > _SMALLEST * singular[0], singular, 0.0)
