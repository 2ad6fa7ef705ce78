"""The recovery of W along an alternating fit, with the phases in which V_rest was learning shaded."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from hydra_llm.figures.style import GREY, INK, LEARNED, SMALL, dress, new_figure, outer_legend

_SHADES = ("#FFFFFF", "#DCE9F5", "#F5E9DC", "#E3F1E0")  # by phase, in the order of their first appearance


def phases(iterations: ArrayLike, scores: ArrayLike, names: Sequence[str], title: str) -> Figure:
    """scores [point] at the end of the stretch that ends at iterations [point], in the phase names [point]."""
    x, y = np.asarray(iterations, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if len(x) == 0 or not len(x) == len(y) == len(names):
        raise ValueError(
            f"There must be an iteration, a score and a phase per point, got {len(x)}, {len(y)} and {len(names)}."
        )
    figure = new_figure(9, 4.4, title)
    axes = figure.subplots()
    shade = {name: _SHADES[min(k, len(_SHADES) - 1)] for k, name in enumerate(dict.fromkeys(names))}
    starts = np.concatenate([[0], x[:-1]])
    for begin, end, name in zip(starts, x, names, strict=True):
        axes.axvspan(begin, end, color=shade[name], lw=0)
    axes.plot(x, y, color=LEARNED, lw=1.4, marker="o", ms=4)
    best = int(np.nanargmax(y))
    axes.axhline(y[best], color=GREY, lw=0.8, ls=":")
    on_the_right = x[best] > 0.7 * x[-1]
    axes.annotate(
        f"peak {y[best]:.3f}",
        (x[best], y[best]),
        textcoords="offset points",
        xytext=(-6 if on_the_right else 6, 6),
        ha="right" if on_the_right else "left",
        fontsize=SMALL,
        color=INK,
    )
    low = float(np.nanmin(y))
    axes.set(xlim=(0, 1.02 * x[-1]), ylim=(max(min(low, y[best]) - 0.05, -1.0), max(1.0, y[best]) + 0.1))
    dress(axes, f"final {y[-1]:.3f}", "iteration (count)", "connectivity R² (identity)")
    outer_legend(
        figure,
        handles=[Patch(facecolor=c, edgecolor="#CCCCCC", label=f"{name}-phase") for name, c in shade.items()],
        ncols=len(shade),
    )
    return figure
