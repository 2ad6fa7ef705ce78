"""How many dimensions the activity has: singular values of the recording, with the ranks at 90 and 99 % of variance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.raster import stride, trajectory
from hydra_llm.figures.style import GREY, INK, SMALL, dress, new_figure

_MOST_COMPONENTS = 2000
_SHARES = (0.90, 0.99)
_SMALLEST = 1e-8  # of the largest singular value; below it the Gram matrix is rounding


def spectrum(activity: ArrayLike, labels: Labels = NEURONS) -> Figure:
    """activity [frame, neuron]. Beyond 2,000 frames and neurons alike, frames are thinned; the title says so."""
    u = trajectory(activity, "activity")
    every = stride(len(u), _MOST_COMPONENTS) if min(u.shape) > _MOST_COMPONENTS else 1
    singular = _singular_values(u[::every])
    thinned = "" if every == 1 else f", every {every}th frame"
    figure = new_figure(10, 4.4, f"Spectrum of the {labels.state}: {labels.count(u.shape[1], u.shape[1])}{thinned}")
    left, right = figure.subplots(1, 2, sharex=True)
    variance = singular**2
    varies = bool(variance.sum() > 0)
    share = np.cumsum(variance) / variance.sum() if varies else np.zeros_like(variance)
    component = np.arange(1, len(singular) + 1)
    shown = singular > 0
    left.plot(component[shown], singular[shown], ".-", color=INK, ms=4, lw=0.8)
    if varies:
        left.set_yscale("log")
    right.plot(component, 100 * share, ".-", color=INK, ms=4, lw=0.8)
    right.set_ylim(0, 104)
    left.set_xscale("log")
    left.set_xlim(0.9, 1.1 * len(singular))
    dress(left, "Singular values", "component (rank)", f"singular value ({labels.state_unit})")
    dress(right, "Variance explained", "component (rank)", "cumulative variance (%)")
    if varies:
        _mark_ranks([left, right], share)
    else:
        right.text(0.5, 0.5, "the activity is constant", transform=right.transAxes, ha="center", color=GREY)
    return figure


def _mark_ranks(panels: list[Axes], share: np.ndarray) -> None:
    for level, colour in zip(_SHARES, OKABE_ITO[:1] + OKABE_ITO[4:5], strict=True):
        rank = int((share < level).sum()) + 1
        text = f"{100 * level:g} % of variance: rank {rank:,}"
        for axes in panels:
            axes.axvline(rank, color=colour, lw=1.2, ls="--", label=text)
    panels[1].legend(loc="lower right", fontsize=SMALL, frameon=False, labelcolor=INK)


def _singular_values(u: np.ndarray) -> np.ndarray:
    """Of the activity less its mean over time, descending; as many as the smaller side of [frame, neuron]."""
    centred = u.astype(np.float64) - u.mean(axis=0, dtype=np.float64)
    gram = centred.T @ centred if u.shape[1] <= u.shape[0] else centred @ centred.T
    singular = np.sqrt(np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None))
    return np.where(singular > _SMALLEST * singular[0], singular, 0.0)
