"""Parameters by cell type: true value, learned mean and spread of every type, in the order of the true values."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.style import LEARNED, SMALL, TRUTH, dress, new_figure, outer_legend

_STEEP = 5  # a few true values this many times above the median, and none so far below, need a logarithmic axis


def by_type(types: ArrayLike, names: Sequence[str], parameters: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """types [neuron]: index into names. parameters: axis label, as 'tau (s)' -> (true, learned), each [neuron]."""
    index = np.asarray(types).ravel()
    if not parameters:
        raise ValueError("There is no parameter to draw. Give at least one.")
    there = np.unique(index)
    figure = new_figure(max(6.0, 0.19 * len(there) + 2), 3.1 * len(parameters) + 0.6, "Recovery by cell type")
    panels = np.ravel(figure.subplots(len(parameters), 1))
    for axes, (label, (true, learned)) in zip(panels, parameters.items(), strict=True):
        _draw(axes, index, there, names, label, np.asarray(true), np.asarray(learned))
    handles, words = panels[0].get_legend_handles_labels()
    outer_legend(figure, handles=handles, labels=words, ncols=2)
    return figure


def _draw(
    axes: Axes,
    index: np.ndarray,
    there: np.ndarray,
    names: Sequence[str],
    label: str,
    true: np.ndarray,
    learned: np.ndarray,
) -> None:
    expected = np.array([true[index == t].mean() for t in there])
    order = np.argsort(expected, kind="stable")
    middle = float(np.median(expected))
    steep = middle > 0 and expected.min() > middle / _STEEP and expected.max() > _STEEP * middle
    if steep:
        axes.set_yscale("log")
    mean = np.array([learned[index == t].mean() for t in there])[order]
    spread = np.array([learned[index == t].std() for t in there])[order]
    x = np.arange(len(there))
    axes.scatter(x, expected[order], marker="_", s=60, lw=2.2, color=TRUTH, label="true", zorder=3)
    axes.errorbar(x, mean, spread, fmt="o", ms=3.2, lw=1, color=LEARNED, label="learned, mean and sd over neurons")
    axes.set(xlim=(-0.8, len(there) - 0.2), ylim=_limits(expected, mean, spread, steep))
    axes.set_xticks(x, [str(names[t]) for t in there[order]], rotation=90, fontsize=SMALL if len(there) <= 40 else 6)
    astray = int(((mean < axes.get_ylim()[0]) | (mean > axes.get_ylim()[1]) | ~np.isfinite(mean)).sum())
    title = f"{len(there)} types in the order of their true {label.split(' (')[0]}"
    dress(axes, f"{title}, {astray} outside the axes" if astray else title, "", label)
    axes.tick_params(axis="x", labelsize=SMALL if len(there) <= 40 else 6.5)
    axes.grid(axis="y", color="#EEEEEE", lw=0.8)
    axes.set_axisbelow(True)


def _limits(true: np.ndarray, mean: np.ndarray, spread: np.ndarray, steep: bool) -> tuple[float, float]:
    """All true values, and the learned ones unless they lie far off."""
    low, high = float(true.min()), float(true.max())
    seen = np.concatenate([mean - spread, mean + spread])
    seen = seen[np.isfinite(seen)]
    if steep:
        return max(low / 2, min(0.8 * low, seen.min(initial=low))), min(
            2 * high, max(1.25 * high, seen.max(initial=high))
        )
    room = max(0.6 * (high - low), 0.15 * max(abs(low), abs(high)), 1e-9)
    bottom, top = np.clip([seen.min(initial=low), seen.max(initial=high)], low - room, high + room)
    margin = 0.05 * (max(top, high) - min(bottom, low)) or 1.0
    return float(min(bottom, low) - margin), float(max(top, high) + margin)
