"""Values on the columns of an eye, drawn as hexagons: the film that it sees, and the state of every cell type."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.scale import Scale, scale_of
from hydra_llm.figures.style import INK, PALE, SMALL, TEXT, colour_bar, new_figure

_LUMINANCE = Scale(0.0, 1.0, colormaps["gray"])
_FRAMES, _FRAMES_PER_ROW, _TYPES_PER_ROW = 16, 8, 13


def centres(uv: ArrayLike) -> np.ndarray:
    """Places in the plane [column, (x, y)] of axial coordinates [column, (u, v)]; neighbours are at distance 1."""
    u, v = np.asarray(uv, dtype=np.float64).T
    return np.stack([u + v / 2, v * 3**0.5 / 2], axis=1)


def corners(uv: ArrayLike) -> np.ndarray:
    """Corners of the hexagons [column, 6, (x, y)], pointed at the top, sides touching."""
    angle = np.pi / 6 + np.pi / 3 * np.arange(6)
    return centres(uv)[:, None] + np.stack([np.cos(angle), np.sin(angle)], axis=1) / 3**0.5


def draw_hexagons(axes: Axes, column: np.ndarray, values: np.ndarray, scale: Scale) -> PolyCollection:
    """One hexagon per column (u, v) [column, 2], coloured by values [column]; equal scales along both axes."""
    hexagons = PolyCollection(list(corners(column)), array=values, cmap=scale.colours, norm=scale.norm)
    hexagons.set_edgecolor(PALE)
    hexagons.set_linewidth(0.2)
    axes.add_collection(hexagons)
    axes.set_aspect("equal")
    reach = np.abs(centres(column)).max() + 0.8
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    return hexagons


def film(external: ArrayLike, column: ArrayLike, delta_t: float) -> Figure:
    """What the eye saw, at most 16 frames evenly spaced over external [frame, input]; column [input, (u, v)].

    Several inputs that look through one column see the same: the first of them is drawn.
    """
    light, where = np.asarray(external), np.asarray(column)
    if light.ndim != 2 or not len(light) or where.shape != (light.shape[1], 2):
        raise ValueError(
            f"external must be [frame, input] and column [input, (u, v)], got the shapes {light.shape} and "
            f"{where.shape}."
        )
    where, first = np.unique(where, axis=0, return_index=True)
    frames = np.unique(np.linspace(0, len(light) - 1, min(_FRAMES, len(light))).round().astype(int))
    n_rows = -(-len(frames) // _FRAMES_PER_ROW)
    figure = new_figure(10, 1.0 + 1.25 * n_rows, f"Visual input, {len(where):,} columns")
    panels = _grid(figure, n_rows, min(_FRAMES_PER_ROW, len(frames)))
    for axes, frame in zip(panels, frames, strict=False):
        image = draw_hexagons(axes, where, light[frame, first], _LUMINANCE)
        axes.set_title(f"{frame * delta_t:.3g} s", fontsize=SMALL, color=INK)
    colour_bar(figure, image, panels, "luminance (0 to 1)", pad=0.01)
    return figure


def eye_activity(
    voltage: ArrayLike, column: ArrayLike, types: ArrayLike, names: tuple[str, ...], time: float
) -> Figure:
    """The voltage of every cell at one time [neuron], a map per cell type in the order of names.

    column [neuron, (u, v)]; types [neuron], index into names; time in seconds.
    """
    v, where, kind = np.asarray(voltage), np.asarray(column), np.asarray(types)
    if v.ndim != 1 or where.shape != (len(v), 2) or kind.shape != v.shape:
        raise ValueError(
            f"voltage must be [neuron], column [neuron, (u, v)] and types [neuron], got the shapes {v.shape}, "
            f"{where.shape} and {kind.shape}."
        )
    per_row = min(_TYPES_PER_ROW, len(names))
    n_rows = -(-len(names) // per_row)
    figure = new_figure(max(4.0, 0.95 * per_row + 0.8), 0.7 + 1.12 * n_rows, f"Voltages by cell type at {time:.3g} s")
    panels = _grid(figure, n_rows, per_row)
    scale = scale_of(v)
    image = None
    for number, (axes, name) in enumerate(zip(panels, names, strict=False)):
        own = kind == number
        if own.any():
            image = draw_hexagons(axes, where[own], v[own], scale)
        axes.set_title(name, fontsize=TEXT if per_row < _TYPES_PER_ROW else SMALL, color=INK, pad=1)
    limits = [axes.get_xlim() for axes in panels[: len(names)]]
    widest = max(limits, key=lambda limit: limit[1] - limit[0])
    for axes in panels[: len(names)]:  # types with few cells keep the size of a hexagon
        axes.set_xlim(widest)
        axes.set_ylim(widest)
    if image is not None:
        colour_bar(figure, image, panels, "voltage v (a.u.)", extend=scale.extend, pad=0.01, aspect=30)
    return figure


def _grid(figure: Figure, n_rows: int, n_columns: int) -> list[Axes]:
    panels = list(np.ravel(figure.subplots(n_rows, n_columns, squeeze=False)))
    for axes in panels:
        axes.set_axis_off()
        axes.set_xticks([])
        axes.set_yticks([])
    return panels
