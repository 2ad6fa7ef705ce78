"""A rollout from a recorded initial state beside the recording: kinographs, their difference, a few neurons."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.raster import draw_raster, time_step, trajectory
from hydra_llm.figures.scale import diverging_scale
from hydra_llm.figures.style import LEARNED, TRUTH, colour_bar, new_figure
from hydra_llm.figures.traces import Ink, draw_traces


def rollout(
    true: ArrayLike, predicted: ArrayLike, delta_t: float, title: str = "Rollout", labels: Labels = NEURONS
) -> Figure:
    """true and predicted [frame, neuron]. A diverged prediction is drawn as far as it is finite, grey after."""
    u, u_hat, step = trajectory(true, "true"), trajectory(predicted, "predicted"), time_step(delta_t)
    if u.shape != u_hat.shape:
        raise ValueError(
            f"true and predicted must have the same frames and neurons, got the shapes {u.shape} and {u_hat.shape}."
        )
    with np.errstate(invalid="ignore", over="ignore"):
        residual = u_hat - u
    figure = new_figure(13, 7.6, title)
    names = [labels.compared, "prediction", "residual"]
    rows: list[Any] = [names, ["traces"] * 3]
    axes = figure.subplot_mosaic(rows, height_ratios=(1.2, 1))
    scale = diverging_scale(u)  # the residual has two signs even where the state has one
    for name, values in zip(names, (u, u_hat, residual), strict=True):
        image = draw_raster(axes[name], values, step, scale, labels, name.capitalize())
    for name in names[1:]:
        axes[name].set_ylabel("")
        axes[name].tick_params(labelleft=False)
    colour_bar(figure, image, [axes[name] for name in names], labels.state_axis, extend=scale.extend, pad=0.01)
    inks = [Ink(TRUTH, 1.4, "-", labels.compared), Ink(LEARNED, 1.0, "--", "prediction")]
    draw_traces(axes["traces"], [u, u_hat], inks, step, labels, "Traces")
    handles, words = axes["traces"].get_legend_handles_labels()
    figure.legend(handles, words, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure
