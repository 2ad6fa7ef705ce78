"""Learned homeostasis per metabolite type over the true one, and which metabolites say anything about its slope.

Left: the response of every metabolite over its own recorded range, the true law of its type dashed. Right: learned over
true slope of each metabolite against how much its concentration varied; one that barely varies cannot show a slope.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import Labels
from hydra_llm.figures.palette import kinds, name_colours
from hydra_llm.figures.style import GREY, INK, PALE, dress, new_figure

WITHIN = 0.1  # of the true slope: the shaded band
SHOWN = (-1.0, 3.0)  # slope ratios beyond it are drawn at the edge


def homeostasis(
    c: ArrayLike,
    learned: ArrayLike,
    types: ArrayLike,
    true_slope: ArrayLike,
    true_offset: ArrayLike,
    slope: ArrayLike,
    spread: ArrayLike,
    labels: Labels,
) -> Figure:
    """c, learned: concentrations and responses [point, metabolite], each column over the range of its metabolite.

    types [metabolite]; true_slope, true_offset [type]; slope and spread [metabolite]: of the line through the response,
    and the standard deviation of the recorded concentration.
    """
    x, y = np.asarray(c, dtype=np.float64), np.asarray(learned, dtype=np.float64)
    known = kinds(np.asarray(types).ravel(), "type")
    if x.shape != y.shape or x.ndim != 2 or len(known.index) != x.shape[1]:
        raise ValueError(
            "Concentrations and responses must be [point, metabolite], with one type per metabolite, got the shapes "
            f"{x.shape} and {y.shape} and {len(known.index)} types."
        )
    laws = np.stack([np.asarray(true_slope, dtype=np.float64), np.asarray(true_offset, dtype=np.float64)], axis=1)
    figure = new_figure(10.5, 5.0, f"Homeostasis of {labels.count(x.shape[1], x.shape[1])}: learned over true")
    left, right = figure.subplots(1, 2)
    for k in range(x.shape[1]):
        left.plot(x[:, k], y[:, k], color=known.colours[known.index[k]], lw=1.1, alpha=0.75, zorder=2)
    for t, (a, b) in enumerate(laws):
        ends = np.array([x[:, known.index == t].min(), x[:, known.index == t].max()])
        left.plot(ends, a * ends + b, color=known.colours[t], lw=5, alpha=0.25, solid_capstyle="butt", zorder=1)
        left.plot(ends, a * ends + b, color=INK, lw=1.1, ls=(0, (5, 3)), zorder=3)
    left.axhline(0, color=PALE, lw=0.8, zorder=0)
    dress(left, "Response over each recorded range", labels.state_axis, f"dc/dt by homeostasis ({labels.rate_unit})")

    right.axhspan(1 - WITHIN, 1 + WITHIN, color=PALE, lw=0, zorder=0)
    right.axhline(1, color=INK, lw=1, ls=(0, (5, 3)), zorder=1)
    true = laws[known.index, 0]
    ratio = np.clip(np.asarray(slope, dtype=np.float64) / np.where(true == 0, np.nan, true), *SHOWN)
    width = np.asarray(spread, dtype=np.float64)
    for t, colour in enumerate(known.colours):
        own = known.index == t
        right.scatter(width[own], ratio[own], s=30, c=colour, marker=known.shapes[t], alpha=0.85, lw=0, zorder=2)
    if (width > 0).all():
        right.set_xscale("log")
        right.xaxis.set_minor_formatter(NullFormatter())  # labels between decades collide on short axes
    beyond = int((np.abs(ratio - np.mean(SHOWN)) >= np.ptp(SHOWN) / 2).sum())
    title = "Slope of each metabolite" + (f" ({beyond} at or beyond the edge)" if beyond else "")
    right.set_ylim(SHOWN[0] - 0.15, SHOWN[1] + 0.15)
    dress(right, title, f"standard deviation of c ({labels.state_unit})", "learned over true slope (ratio)")
    others = [
        Line2D([], [], color=INK, lw=1.1, ls=(0, (5, 3)), label="true law"),
        Line2D([], [], color=GREY, lw=8, alpha=0.25, label="within 10 % of the true slope"),
    ]
    name_colours(figure, [left, right], "type", known, others)
    return figure
