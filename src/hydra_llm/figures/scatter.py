"""Learned over true values, with the identity line: one figure for any vector of parameters."""

from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from hydra_llm.figures.style import GREY, INK, LEARNED, SMALL, colour_bar, dress, new_figure

_MOST_POINTS = 5000
_INK_ON_PAPER = ListedColormap(colormaps["viridis_r"](np.linspace(0.08, 1, 256)))  # one point alone is still visible


def scatter(true: ArrayLike, learned: ArrayLike, scores: Mapping[str, float], name: str, unit: str) -> Figure:
    """true and learned values of one parameter, any equal shape. scores: see score_lines; name as in 'tau'."""
    figure = new_figure(5.0, 5.0, f"{name}: learned over true")
    axes = figure.subplots()
    draw_scatter(figure, axes, np.asarray(true), np.asarray(learned), score_lines(scores, name))
    dress(axes, f"{np.size(true):,} values", f"true {name} ({unit})", f"learned {name} ({unit})")
    return figure


def score_lines(scores: Mapping[str, float], prefix: str) -> list[str]:
    """One line for each of <prefix>_R2, _R2_slope, _R2_pearson2 and _sign_accuracy that scores hold."""
    words = {
        "R2": "R² (identity)",
        "R2_slope": "slope",
        "R2_pearson2": "Pearson²",
        "sign_accuracy": "sign accuracy",
    }
    return [f"{word} = {scores[f'{prefix}_{key}']:.4f}" for key, word in words.items() if f"{prefix}_{key}" in scores]


def draw_scatter(figure: Figure, axes: Axes, true: np.ndarray, learned: np.ndarray, lines: list[str]) -> None:
    """Points, or their density where there are more than 5,000. Points that are not shown are counted in the text."""
    if true.shape != learned.shape or true.size == 0:
        raise ValueError(
            f"True and learned values must have one shape with at least one value, got {true.shape} and "
            f"{learned.shape}."
        )
    x, y = true.ravel().astype(np.float64), learned.ravel().astype(np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    low, high = _limits(x[known], y[known])
    inside = known & (y >= low) & (y <= high)
    axes.plot([low, high], [low, high], color=GREY, lw=1, ls="--", zorder=1)
    if inside.sum() > _MOST_POINTS:
        cells = axes.hexbin(
            x[inside],
            y[inside],
            gridsize=70,
            bins="log",
            mincnt=1,
            extent=(low, high, low, high),
            cmap=_INK_ON_PAPER,
            linewidths=0,
            zorder=2,
        )
        colour_bar(figure, cells, axes, "points per cell", shrink=0.6, pad=0.01)
    else:
        size, alpha = (18, 0.8) if inside.sum() <= 300 else (6, 0.5)
        axes.scatter(x[inside], y[inside], s=size, c=LEARNED, alpha=alpha, lw=0, zorder=2, rasterized=True)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6))
    lines = list(lines)
    if (known & ~inside).any():
        lines.append(f"{(known & ~inside).sum():,} outside the axes")
    if not known.all():
        lines.append(f"{(~known).sum():,} without a value")
    if lines:
        _write(axes, "\n".join(lines), (x[inside] - low) / (high - low), (y[inside] - low) / (high - low))


def _write(axes: Axes, text: str, x: np.ndarray, y: np.ndarray) -> None:
    """Into the upper left or the lower right corner, where fewer of the points x, y (in shares of the axes) are."""
    upper_left, lower_right = ((x < 0.4) & (y > 0.8)).sum(), ((x > 0.6) & (y < 0.2)).sum()
    where = (0.03, 0.97, "left", "top") if upper_left <= lower_right else (0.97, 0.03, "right", "bottom")
    paper = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 2}
    style = {"fontsize": SMALL, "color": INK, "ha": where[2], "va": where[3], "bbox": paper, "zorder": 3}
    axes.text(where[0], where[1], text, transform=axes.transAxes, **style)


def _limits(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """All of the truth, and the learned values unless the outermost 0.1 % lie far off."""
    if x.size == 0:
        return -1.0, 1.0
    low, high = min(x.min(), np.percentile(y, 0.1)), max(x.max(), np.percentile(y, 99.9))
    near = 0.25 * (high - low)
    low, high = min(low, max(y.min(), low - near)), max(high, min(y.max(), high + near))
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return float(low - margin), float(high + margin)
