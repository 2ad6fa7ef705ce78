"""Weights with their error bars, and learned functions where no truth stands beside them."""

from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.recorded.curves import LearnedCurves
from hydra_llm.families.signal.recorded.scale import scaled
from hydra_llm.figures.scale import scale_of
from hydra_llm.figures.style import GREY, LEARNED, PALE, colour_bar, dress, new_figure

_MOST = 80  # weights drawn with their bars
_MOST_POINTS = 3000


class Recovery(Protocol):
    """What is drawn of RecoveredWeights and StitchedRecovery."""

    @property
    def W(self) -> np.ndarray: ...
    @property
    def synapses(self) -> np.ndarray: ...
    @property
    def true(self) -> np.ndarray | None: ...
    @property
    def factor(self) -> np.ndarray | float: ...


def weights_with_errors(own: Recovery, found: Weights, unit: str) -> Figure:
    """W [target, source]; undetermined weights grey. Right: 95 % intervals over the truth where it is known, otherwise
    of weights from the least to the greatest. unit: of the states."""
    W, synapses = np.nan_to_num(own.W), own.synapses
    figure = new_figure(11.5, 5.2, "Learned weights with their 95 % intervals")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    shown = np.where(synapses & found.determined, W, np.nan)
    scale = scale_of(W[synapses])
    left.set_facecolor("#BBBBBB")
    image = left.imshow(np.ma.masked_invalid(shown), interpolation="nearest", cmap=scale.colours, norm=scale.norm)
    colour_bar(figure, image, left, f"weight ({unit} / time)", extend=scale.extend, shrink=0.7)
    n_left = int((synapses & ~found.determined).sum())
    note = "" if n_left == 0 else f" (grey: {n_left:,} not determined)"
    dress(left, f"W, learned{note}", "source (index)", "target (index)")
    known = synapses & found.determined
    reach = found.reach(0.95)
    if not known.any():
        dress(right, "No weight is determined by this recording", "", "")
        right.set_axis_off()
    elif own.true is None:
        _ranked(right, W[known], reach * found.error[known], unit)
    else:
        judged = scaled(found, own.factor)
        _over_truth(right, own.true[known], (W * own.factor)[known], reach * judged.error[known])
    return figure


def _over_truth(axes, true: np.ndarray, W: np.ndarray, half: np.ndarray) -> None:
    step = max(1, len(W) // _MOST_POINTS)
    low, high = min(true.min(), W.min()), max(true.max(), W.max())
    axes.plot([low, high], [low, high], color=GREY, lw=1, ls="--", zorder=1)
    axes.errorbar(true[::step], W[::step], yerr=half[::step], fmt="o", ms=2.5, lw=0.6, color=LEARNED, alpha=0.5)
    dress(axes, f"{len(W):,} weights with 95 % intervals", "true weight", "learned weight, one scale fitted")


def _ranked(axes, W: np.ndarray, half: np.ndarray, unit: str) -> None:
    order = np.argsort(W)
    chosen = order[np.linspace(0, len(order) - 1, min(_MOST, len(order))).round().astype(int)]
    place = np.arange(len(chosen))
    apart = np.abs(W[chosen]) > half[chosen]
    axes.axhline(0, color=GREY, lw=1, ls="--", zorder=1)
    for own, colour in ((apart, LEARNED), (~apart, GREY)):
        axes.errorbar(place[own], W[chosen][own], yerr=half[chosen][own], fmt="o", ms=3, lw=0.9, color=colour)
    share = float((np.abs(W) > half).mean()) if len(W) else 0.0
    dress(
        axes,
        f"{len(chosen)} of {len(W):,} weights, evenly by rank; {share:.0%} of all differ from 0",
        "weights in order",
        f"weight ({unit} / time)",
    )


def learned_functions(curves: LearnedCurves, unit: str) -> Figure:
    """message and update with their 95 % bands; below, how often the recording is there. unit: of the states."""
    figure = new_figure(10, 4.4, "Learned functions" + (" with their 95 % bands" if curves.bands is not None else ""))
    axes, grid, counts = figure.subplots(1, 2), curves.states, curves.counts
    for number, (panel, values, name, axis) in enumerate(
        (
            (axes[0], curves.message, "Message to others", "message (standard deviation 1)"),
            (axes[1], curves.update, "Update without input", f"update ({unit} / time)"),
        )
    ):
        panel.fill_between(
            grid[:, 0], 0.2 * counts / max(counts.max(), 1), color=PALE, lw=0, transform=panel.get_xaxis_transform()
        )
        if curves.bands is not None:
            low, high = (values[:, 0] + sign * curves.bands[number] for sign in (-1, 1))
            panel.fill_between(grid[:, 0], low, high, color=LEARNED, alpha=0.25, lw=0)
        panel.plot(grid, values, color=LEARNED, lw=1.2 if values.shape[1] == 1 else 0.5)
        dress(panel, name, f"activity u ({unit})", axis)
    return figure
