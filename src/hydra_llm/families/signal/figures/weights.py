"""The true and the learned connectivity: both matrices in one colour scale, a corner enlarged, and entry by entry."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from hydra_llm.figures.raster import every, stride
from hydra_llm.figures.scale import Scale, scale_of
from hydra_llm.figures.scatter import draw_scatter, score_lines
from hydra_llm.figures.style import colour_bar, dress, new_figure

_MOST_ROWS = 500
_CORNER = 20


def weights(
    W_true: ArrayLike,
    W_learned: ArrayLike,
    off_diagonal: ArrayLike,
    scores: Mapping[str, float],
    prefix: str = "connectivity",
) -> Figure:
    """W_true and W_learned [target, source], gain and gauge applied; off_diagonal: mask of the entries to compare.

    scores: as metrics.connectivity names them after the prefix.
    """
    W, W_hat, compared = np.asarray(W_true), np.asarray(W_learned), np.asarray(off_diagonal, dtype=bool)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not W.shape == W_hat.shape == compared.shape:
        raise ValueError(
            f"W_true, W_learned and off_diagonal must be square matrices [target, source] of one size, got {W.shape}, "
            f"{W_hat.shape} and {compared.shape}."
        )
    scale = scale_of(W[compared] if compared.any() else W)
    n = len(W)
    enlarged = n > _CORNER
    figure = new_figure(14.5, 7.0 if enlarged else 4.6, "Connectivity: true and learned")
    rows: list[Any] = [["true", "learned", "scatter"], ["true_corner", "learned_corner", "scatter"]]
    axes = figure.subplot_mosaic(rows if enlarged else rows[:1], width_ratios=(1, 1, 2.1 if enlarged else 1.2))
    for name, matrix in (("true", W), ("learned", W_hat)):
        image = _draw_matrix(axes[name], matrix, scale, name)
        if enlarged:
            _draw_matrix(axes[f"{name}_corner"], matrix[:_CORNER, :_CORNER], scale, f"{name}, first {_CORNER}")
    matrices = [panel for name, panel in axes.items() if name != "scatter"]
    colour_bar(figure, image, matrices, "weight (1/τ)", extend=scale.extend, location="left", shrink=0.7, aspect=30)
    draw_scatter(figure, axes["scatter"], W[compared], W_hat[compared], score_lines(scores, prefix))
    dress(axes["scatter"], f"{compared.sum():,} weights", "true weight (1/τ)", "learned weight (1/τ)")
    return figure


def _draw_matrix(axes: Axes, W: np.ndarray, scale: Scale, name: str) -> AxesImage:
    n, step = len(W), stride(len(W), _MOST_ROWS)
    axes.set_facecolor("#BBBBBB")
    image = axes.imshow(
        np.ma.masked_invalid(W[::step, ::step]),
        interpolation="nearest",
        extent=(-0.5, n - 0.5, n - 0.5, -0.5),
        cmap=scale.colours,
        norm=scale.norm,
    )
    dress(axes, f"{name}{every(step, 'neuron')}", "source neuron (index)", "target neuron (index)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    return image
