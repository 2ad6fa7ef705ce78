"""What one neuron sends and what it does alone: learned functions over the true ones.

Truth is a broad pale line, the learned function a thin one on top of it. Outside the recorded range (shaded) the data
say nothing, and the learned functions are free to leave the picture.
"""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.palette import Kinds, kinds, name_colours
from hydra_llm.figures.style import LEARNED, PALE, TRUTH, dress, new_figure, outer_legend


def functions(
    u_grid: ArrayLike,
    message_true: ArrayLike,
    message_learned: ArrayLike,
    update_true: ArrayLike,
    update_learned: ArrayLike,
    u_range_density: ArrayLike | None = None,
    labels: Labels = NEURONS,
) -> Figure:
    """Functions on u_grid [point], each [type, point], or [point] where all types share it; learned ones after gauge.

    u_range_density [point]: how often the recording visits each point, zero where it never does; None: everywhere.
    """
    u = np.asarray(u_grid, dtype=np.float64)
    if u.ndim != 1 or len(u) < 2:
        raise ValueError(f"u_grid must hold at least two points in one row, got the shape {u.shape}.")
    density = np.ones_like(u) if u_range_density is None else np.asarray(u_range_density, dtype=np.float64)
    if density.shape != u.shape or (density < 0).any() or not density.any():
        raise ValueError(
            f"u_range_density must have a value for each of the {len(u)} points of u_grid, got the shape "
            f"{density.shape}."
        )
    pairs = {
        "message": (_curves(message_true, u, "message_true"), _curves(message_learned, u, "message_learned")),
        "update": (_curves(update_true, u, "update_true"), _curves(update_learned, u, "update_learned")),
    }
    n_types = max(len(curves) for pair in pairs.values() for curves in pair)
    types = kinds(np.arange(n_types), "type")
    types = replace(types, shapes=("s",) * n_types)  # lines have no shapes to explain
    figure = new_figure(10, 4.8, "Message and update functions: true and learned")
    left, right = figure.subplots(1, 2)
    _draw(left, u, *pairs["message"], density, types)
    _draw(right, u, *pairs["update"], density, types)
    dress(left, "Message to other neurons, ψ(u)", labels.state_axis, f"ψ ({labels.state_unit})")
    dress(right, "Update without input, f(u)", labels.state_axis, f"f ({labels.rate_unit})")
    styles = [
        Line2D([], [], color=TRUTH, lw=6, alpha=0.3, label="true"),
        Line2D([], [], color=LEARNED if n_types == 1 else TRUTH, lw=1.3, label="learned"),
    ]
    if u_range_density is not None:
        styles.append(Line2D([], [], color=PALE, lw=8, label="recorded range and density"))
    if n_types == 1:
        outer_legend(figure, handles=styles, ncols=3)
    else:
        name_colours(figure, [left, right], "type", types, styles)
    return figure


def _curves(values: ArrayLike, u: np.ndarray, name: str) -> np.ndarray:
    curves = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if curves.ndim != 2 or curves.shape[1] != len(u) or len(curves) == 0:
        raise ValueError(
            f"{name} must be [type, point] on the {len(u)} points of u_grid, got the shape {np.shape(values)}."
        )
    return curves


def _draw(axes: Axes, u: np.ndarray, true: np.ndarray, learned: np.ndarray, density: np.ndarray, types: Kinds) -> None:
    recorded = density > 0
    first, last = u[recorded].min(), u[recorded].max()
    if np.ptp(density) > 0:
        axes.axvspan(first, last, color="#F4F4F4", lw=0, zorder=0)
        height = 0.22 * density / density.max()  # in shares of the axes
        axes.fill_between(u, height, color=PALE, lw=0, zorder=0.5, transform=axes.get_xaxis_transform())
    many = len(types.names) > 8
    alone = LEARNED if len(types.names) == 1 else TRUTH  # what types share has the colour of none of them
    for k, curve in enumerate(true):
        colour = types.colours[k] if len(true) > 1 else TRUTH
        axes.plot(u, curve, color=colour, lw=3 if many else 6, alpha=0.3, zorder=1)
    for k, curve in enumerate(learned):
        colour = types.colours[k] if len(learned) > 1 else alone
        axes.plot(u, curve, color=colour, lw=0.7 if many else 1.3, zorder=2)
    seen = np.concatenate([true.ravel(), learned[:, recorded].ravel()])
    seen = seen[np.isfinite(seen)]
    low, high = (seen.min(), seen.max()) if seen.size else (-1.0, 1.0)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set(xlim=(u.min(), u.max()), ylim=(low - margin, high + margin))
