"""Activity of cell types on the hexagonal lattice of columns, frame by frame: what the eye saw and what it became."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.scale import Scale, scale_of
from hydra_llm.figures.style import INK, TEXT, colour_bar, new_figure

_EMPTY = "#F2F2F2"  # a column without a cell of this type
_RADIUS = 1 / 3**0.5  # of a hexagon whose neighbours are at distance 1


def hex_activity(
    columns: Mapping[str, ArrayLike], rows: Mapping[str, ArrayLike], times: ArrayLike, title: str, state: str
) -> Figure:
    """One row of hexagonal maps per entry of rows, one map per time.

    columns: name -> axial coordinates (u, v) [cell, 2]; rows: the same names -> values [time, cell]. Every row has a
    colour scale of its own; a lattice site where another row has a cell and this one has none is pale grey.
    """
    seconds = np.asarray(times, dtype=np.float64)
    if not rows or set(rows) != set(columns):
        raise ValueError(f"rows {sorted(rows)} and columns {sorted(columns)} have to name the same cell types.")
    sites = np.unique(np.concatenate([np.asarray(uv) for uv in columns.values()]), axis=0)
    figure = new_figure(1.35 * len(seconds) + 2.0, 1.35 * len(rows) + 0.7, title)
    panels = figure.subplots(len(rows), len(seconds), squeeze=False)
    for number, (line, (name, values)) in enumerate(zip(panels, rows.items(), strict=True)):
        u, uv = np.asarray(values, dtype=np.float64), np.asarray(columns[name])
        if u.shape != (len(seconds), len(uv)):
            raise ValueError(f"{name} has shape {u.shape}. Give {len(seconds)} times of its {len(uv)} cells.")
        scale = scale_of(u)
        for k, axes in enumerate(line):
            image = _map(axes, sites, uv, u[k], scale)
            if number == 0:
                axes.set_title(f"{seconds[k]:.2f} s", fontsize=TEXT, color=INK)
        line[0].text(-0.08, 0.5, name, transform=line[0].transAxes, fontsize=TEXT, color=INK, ha="right", va="center")
        colour_bar(figure, image, line, state, extend=scale.extend, pad=0.01, aspect=10)
    return figure


def _map(axes: Axes, sites: np.ndarray, uv: np.ndarray, values: np.ndarray, scale: Scale) -> PolyCollection:
    axes.add_collection(PolyCollection(list(_hexagons(sites)), facecolors=_EMPTY, edgecolors="none"))
    cells = PolyCollection(list(_hexagons(uv)), cmap=scale.colours, norm=scale.norm, edgecolors="none")
    cells.set_array(values)
    axes.add_collection(cells)
    x, y = _centres(sites).T
    axes.set(xlim=(x.min() - 0.7, x.max() + 0.7), ylim=(y.min() - 0.7, y.max() + 0.7), aspect="equal")
    axes.axis("off")
    return cells


def _centres(uv: np.ndarray) -> np.ndarray:
    u, v = np.asarray(uv, dtype=np.float64).T
    return np.stack([u + v / 2, v * 3**0.5 / 2], axis=1)


def _hexagons(uv: np.ndarray) -> np.ndarray:
    """Corners [cell, 6, 2], pointed at the top."""
    angle = np.pi / 6 + np.pi / 3 * np.arange(6)
    corners = _RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _centres(uv)[:, None] + corners
