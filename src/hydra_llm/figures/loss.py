"""How training went: the losses, and the regularisers beside them in thin lines."""

from collections.abc import Mapping
from itertools import cycle
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from hydra_llm.figures.palette import OKABE_ITO, type_colours
from hydra_llm.figures.style import GREY, INK, SMALL, dress, new_figure

DECADE = 10.0  # factor between the largest and the smallest loss from which on the axis is logarithmic

Series = tuple[ArrayLike, ArrayLike]  # steps [point], values [point]


def loss(
    history: Mapping[str, Series],
    regularisers: Mapping[str, Series] = MappingProxyType({}),
    best_step: float | None = None,
    step_axis: str = "optimiser step (count)",
) -> Figure:
    """history and regularisers: name -> (steps, values). best_step: where the kept checkpoint was taken.

    Logarithmic, so values that are not positive leave gaps; linear if there is no positive value at all, and where all
    lie so close together that a logarithmic axis would have no round number on it.
    """
    if not history:
        raise ValueError("The history of losses must have at least one name with its steps and values, got none.")
    figure = new_figure(9, 4.8, "Training")
    axes = figure.subplots()
    n = len(history) + len(regularisers)
    thick, thin = cycle(OKABE_ITO), iter(type_colours(n)[len(history) :])
    drawn = [_draw(axes, name, series, next(thick), 1.6, "-") for name, series in history.items()]
    drawn += [_draw(axes, name, series, next(thin), 0.8, "--") for name, series in regularisers.items()]
    logarithmic = _spans(np.concatenate(drawn))
    if logarithmic:
        axes.set_yscale("log", nonpositive="mask")
    if best_step is not None:
        axes.axvline(best_step, color=GREY, lw=1, ls=":", label="kept checkpoint")
    title = "Losses (thick) and regularisers (thin)" if regularisers else "Losses"
    dress(axes, title, step_axis, "loss (log scale)" if logarithmic else "loss (as recorded)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#EEEEEE", lw=0.8)
    axes.set_axisbelow(True)
    # a handful of curves need one column; W&B-sized histories still leave room for the axes
    columns = 1 if n <= 20 else 2
    figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False, labelcolor=INK, ncols=columns)
    return figure


def _spans(values: np.ndarray) -> bool:
    """Whether a logarithmic axis shows more: positive values over a decade, or beside others that are not positive."""
    positive = values[values > 0]
    if not len(positive):
        return False
    return len(positive) < len(values) or bool(positive.max() > DECADE * positive.min())


def _draw(axes: Axes, name: str, series: Series, colour: str, width: float, style: str) -> np.ndarray:
    steps, values = (np.asarray(part, dtype=np.float64).ravel() for part in series)
    if len(steps) != len(values):
        raise ValueError(
            f"The history of {name} must have one value per step, got {len(steps)} steps and {len(values)} values."
        )
    finite = np.isfinite(values)
    shape = "o" if finite.sum() == 1 else ""  # a line of one point is invisible
    axes.plot(steps[finite], values[finite], color=colour, lw=width, ls=style, marker=shape, ms=5, label=name)
    return values[finite]
