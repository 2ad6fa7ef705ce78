"""The value that each start reached, in order: a plateau at the left says that the best was found more than once."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hydra_llm.families.reactions.fitting.starts import SAME, MultiStart
from hydra_llm.figures.style import GREY, LEARNED, SMALL, dress, new_figure


def waterfall(starts: MultiStart) -> Figure:
    values = np.sort([one.objective for one in starts.optima if one.is_finite])
    above = values - values[0]
    best = above <= SAME
    figure = new_figure(6, 4, "Starts")
    axes = figure.subplots()
    order = np.arange(1, len(values) + 1)
    floor = SAME / 10
    axes.plot(order, np.maximum(above, floor), color=GREY, lw=0.8, zorder=1)
    axes.scatter(order[best], np.maximum(above[best], floor), color=LEARNED, s=22, zorder=2, label="best value")
    axes.scatter(order[~best], above[~best], color=GREY, s=22, marker="s", zorder=2, label="other minima")
    axes.set_yscale("log")
    axes.axhline(SAME, color=GREY, lw=0.8, ls=":")
    text = f"{int(best.sum())} of {len(starts.optima)} starts reached the best value, {values[0]:.4f}"
    dress(axes, text, "start (in order of its value)", f"objective above the best (at least {floor:g} drawn)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend(fontsize=SMALL, frameon=False)
    return figure
