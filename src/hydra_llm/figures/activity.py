"""The recording at a glance: every neuron over time, a few of them as traces, and what was fed in."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.raster import draw_raster, time_step, trajectory
from hydra_llm.figures.scale import scale_of
from hydra_llm.figures.style import INK, colour_bar, dress, new_figure
from hydra_llm.figures.traces import Ink, draw_traces, envelope


def activity(
    activity: ArrayLike, delta_t: float, external: ArrayLike | None = None, labels: Labels = NEURONS
) -> Figure:
    """activity [frame, neuron]; delta_t: time between frames; external input [frame, neuron] or [frame] for all."""
    u, step = trajectory(activity, "activity"), time_step(delta_t)
    e = None if external is None else _input(external, u)
    figure = new_figure(10, 6.4 if e is None else 8.6, f"Recorded {labels.state}")
    panels = figure.subplots(2 if e is None else 3, 1, sharex=True, height_ratios=(3, 2.4, 2)[: 2 if e is None else 3])
    scale = scale_of(u)
    image = draw_raster(panels[0], u, step, scale, labels, "Raster")
    colour_bar(figure, image, panels[0], labels.state_axis, extend=scale.extend, pad=0.01)
    draw_traces(panels[1], [u], [Ink(INK, 0.8, "-", None)], step, labels, "Traces")
    if e is not None:
        _draw_input(figure, panels[2], e, step, labels)
    for panel in panels[:-1]:
        panel.set_xlabel("")
    return figure


def _draw_input(figure: Figure, axes: Axes, e: np.ndarray, step: float, labels: Labels) -> None:
    if e.shape[1] == 1:
        frames, values = envelope(e[:, 0])
        axes.plot(frames * step, values, color=INK, lw=0.8)
        dress(axes, f"External input, shared by all {labels.unit}s", labels.time_axis, "input (a.u.)")
        return
    scale = scale_of(e)
    image = draw_raster(axes, e, step, scale, labels, "External input")
    colour_bar(figure, image, axes, "input (a.u.)", extend=scale.extend, pad=0.01)


def _input(external: ArrayLike, u: np.ndarray) -> np.ndarray:
    e = np.asarray(external)
    e = e[:, None] if e.ndim == 1 else e
    if e.ndim != 2 or len(e) != len(u) or e.shape[1] not in (1, u.shape[1]):
        raise ValueError(
            "external must be [frame, neuron], or [frame] for an input that all share, got the shape "
            f"{np.shape(external)} for an activity of shape {u.shape}."
        )
    return e
