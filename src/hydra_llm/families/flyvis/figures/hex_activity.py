"""Activity of cell types on the hexagonal lattice of columns, frame by frame: what the eye saw and what it became."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.families.flyvis.figures.hexagons import centres, corners
from hydra_llm.figures.scale import Scale, scale_of
from hydra_llm.figures.style import colour_bar, dress, new_figure

_EMPTY = "#F2F2F2"  # a column without a cell of this type


def hex_activity(
    columns: Mapping[str, ArrayLike], rows: Mapping[str, ArrayLike], times: ArrayLike, title: str, state: str
) -> Figure:
    """One row of hexagonal maps per entry of rows, one map per time.

    columns: name -> axial coordinates (u, v) [cell, 2]; rows: the same names -> values [time, cell]. Every row has a
    colour scale of its own; a lattice site where another row has a cell and this one has none is pale grey.
    """
    seconds = np.asarray(times, dtype=np.float64)
    if not rows or set(rows) != set(columns):
        raise ValueError(f"Rows and columns must name the same cell types, got {sorted(rows)} and {sorted(columns)}.")
    sites = np.unique(np.concatenate([np.asarray(uv) for uv in columns.values()]), axis=0)
    x, y = centres(sites).T
    shifts = (np.ptp(x) + 2) * np.arange(len(seconds))
    figure = new_figure(max(5.0, 1.35 * len(seconds) + 2.2), 1.5 * len(rows) + 1.0, title)
    panels = np.ravel(figure.subplots(len(rows), 1, sharex=True))
    for axes, (name, values) in zip(panels, rows.items(), strict=True):
        u, uv = np.asarray(values, dtype=np.float64), np.asarray(columns[name])
        if u.shape != (len(seconds), len(uv)):
            raise ValueError(f"{name} must hold {len(seconds)} times of its {len(uv)} cells, got the shape {u.shape}.")
        scale = scale_of(u)
        image = _maps(axes, sites, uv, u, shifts, scale)
        axes.set(xlim=(x.min() - 1, x.max() + shifts[-1] + 1), ylim=(y.min() - 0.8, y.max() + 0.8), aspect="equal")
        axes.set_yticks([])
        axes.set_xticks(shifts, [f"{second:.2f}" for second in seconds])
        dress(axes, name, "time (s)" if axes is panels[-1] else "", f"{len(uv)} (cells)")
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0, labelbottom=axes is panels[-1])
        colour_bar(figure, image, axes, state, extend=scale.extend, pad=0.01, aspect=10)
    return figure


def _maps(
    axes: Axes, sites: np.ndarray, uv: np.ndarray, values: np.ndarray, shifts: np.ndarray, scale: Scale
) -> PolyCollection:
    """values [time, cell] at the cells uv, each time moved to the right by its shift."""
    move = np.stack([shifts, np.zeros_like(shifts)], axis=1)[:, None, None]
    ground = (corners(sites) + move).reshape(-1, 6, 2)
    axes.add_collection(PolyCollection(list(ground), facecolors=_EMPTY, edgecolors="none"))
    cells = PolyCollection(
        list((corners(uv) + move).reshape(-1, 6, 2)), cmap=scale.colours, norm=scale.norm, edgecolors="none"
    )
    cells.set_array(values.ravel())
    axes.add_collection(cells)
    return cells
