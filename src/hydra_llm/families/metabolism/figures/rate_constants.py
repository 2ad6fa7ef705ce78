"""Learned over true rate constants: those that the data determine, and, apart from them, those that they leave open."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.scatter import draw_scatter, score_lines
from hydra_llm.figures.style import GREY, LEARNED, dress, new_figure, outer_legend

_OPEN = OKABE_ITO[0]
_OUTLIER = 0.3  # decades, as metrics.kinetics counts them


def rate_constants(true: ArrayLike, learned: ArrayLike, known: ArrayLike, scores: Mapping[str, float]) -> Figure:
    """log10 k [reaction], true and learned in the gauge of the truth; known: bool, what the data determine.

    scores: as metrics.kinetics names them after rate_constants.
    """
    y, x, mask = (np.asarray(values).ravel() for values in (learned, true, known))
    mask = mask.astype(bool)
    if not x.shape == y.shape == mask.shape:
        raise ValueError(
            f"There must be a learned constant and a mark per true constant, got {y.size} and {mask.size} for {x.size}."
        )
    figure = new_figure(5.6, 6.0, "Rate constants: learned over true")
    axes = figure.subplots()
    lines = score_lines(scores, "rate_constants")
    if not mask.all() and "rate_constants_R2_identifiable" in scores:
        lines.append(f"R² of the identifiable = {scores['rate_constants_R2_identifiable']:.4f}")
    draw_scatter(figure, axes, x, y, lines)
    low, high = axes.get_xlim()
    band = np.array([low, high])
    axes.fill_between(band, band - _OUTLIER, band + _OUTLIER, color=GREY, alpha=0.12, lw=0, zorder=0)
    axes.set(xlim=(low, high), ylim=(low, high))
    marks = [
        Line2D([], [], ls="", marker="o", ms=5, color=LEARNED, label=f"identifiable ({mask.sum():,})"),
        Line2D([], [], lw=8, color=GREY, alpha=0.2, label="within 0.3 decades"),
    ]
    if not mask.all():
        axes.scatter(x[~mask], y[~mask], s=34, marker="D", facecolor=_OPEN, edgecolor="white", lw=0.6, zorder=4)
        marks.append(
            Line2D([], [], ls="", marker="D", ms=5, color=_OPEN, label=f"left open by the data ({(~mask).sum():,})")
        )
    dress(axes, f"{x.size:,} reactions", "true $\\log_{10} k$ (1/time)", "learned $\\log_{10} k$ (1/time)")
    outer_legend(figure, handles=marks, ncols=3)
    return figure
