"""The learned contribution of a substrate to a rate, beside the true law, over the recorded concentrations."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.palette import type_colours
from hydra_llm.figures.style import GREY, INK, LEARNED, PALE, TEXT, TRUTH, dress, new_figure, outer_legend

_TALLEST = 0.4  # share of the height that the histogram takes


def substrate(c: ArrayLike, true: ArrayLike, learned: ArrayLike, orders: ArrayLike, recorded: ArrayLike) -> Figure:
    """c [point]; true and learned F(c, s) [point, order] in one gauge; orders s; recorded: concentrations."""
    x, law, F, s = (np.asarray(values, dtype=np.float64) for values in (c, true, learned, orders))
    if law.shape != F.shape or law.shape != (x.size, s.size):
        raise ValueError(
            f"True and learned contributions must be [order, point] for {s.size} orders and {x.size} points, got "
            f"{law.shape} and {F.shape}."
        )
    figure = new_figure(6.4, 5.0, "Substrate function: what a concentration contributes to a rate")
    axes = figure.subplots()
    seen = np.asarray(recorded).ravel()
    counts, edges = np.histogram(seen[seen > 0], bins=np.geomspace(x[0], x[-1], 60))
    share = _TALLEST * counts / max(1, counts.max())
    axes.bar(
        edges[:-1], share, np.diff(edges), align="edge", color=PALE, transform=axes.get_xaxis_transform(), zorder=0
    )
    colours = (LEARNED,) if s.size == 1 else type_colours(s.size)
    for k, colour in enumerate(colours):
        axes.loglog(x, law[:, k], color=TRUTH, lw=2.4, alpha=0.55)
        axes.loglog(x, F[:, k], color=colour, lw=1.4, ls="--")
        if s.size > 1:
            axes.annotate(f"s = {s[k]:g}", (x[-1], law[-1, k]), fontsize=TEXT, color=INK, ha="right", va="bottom")
    dress(axes, "After the gauge correction", "concentration c (a.u.)", "F(c, s)")
    handles = [
        Line2D([], [], color=TRUTH, lw=2.4, alpha=0.55, label="true law"),
        Line2D([], [], color=LEARNED if s.size == 1 else GREY, lw=1.4, ls="--", label="learned"),
        Line2D([], [], color=PALE, lw=8, label="how often recorded"),
    ]
    outer_legend(figure, handles=handles, ncols=3)
    return figure
