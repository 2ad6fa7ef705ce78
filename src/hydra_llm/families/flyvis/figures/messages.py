"""What the neurons of each type send: the learned messages over the true one, and as the network has them."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.palette import kinds, name_colours
from hydra_llm.figures.style import TRUTH, dress, new_figure


def messages(v: ArrayLike, true: ArrayLike, corrected: ArrayLike, raw: ArrayLike, labels: Labels = NEURONS) -> Figure:
    """v, corrected and raw [type, point]: each type over its own recorded range. true [type, point] on the same v is
    one function for all types.

    corrected: (raw - offset) / scale, comparable with the truth. raw: as learned.
    """
    x, lines = np.asarray(v, dtype=np.float64), [np.asarray(part, dtype=np.float64) for part in (true, corrected, raw)]
    if x.ndim != 2 or any(part.shape != x.shape for part in lines):
        raise ValueError(
            f"Messages must be [type, point] over the points of v, got the shapes {[part.shape for part in lines]} "
            f"over v {x.shape}."
        )
    truth, fixed, learned = lines
    types = kinds(np.arange(len(x)), "type")
    figure = new_figure(11, 4.8, "Messages of the cell types over their recorded range")
    left, right = figure.subplots(1, 2)
    order = np.argsort(x, axis=None)
    left.plot(x.ravel()[order], truth.ravel()[order], color=TRUTH, lw=6, alpha=0.2, solid_capstyle="butt", zorder=1)
    for k, colour in enumerate(types.colours):
        left.plot(x[k], fixed[k], color=colour, lw=0.9, zorder=2)
        right.plot(x[k], learned[k], color=colour, lw=0.9)
    low, high = float(np.nanmin(truth)), float(np.nanmax(truth))
    margin = 0.15 * (high - low) or 0.1
    left.set_ylim(low - margin, high + margin)
    dress(left, "After the gauge correction", labels.state_axis, f"message ({labels.state_unit})")
    dress(right, "As learned", labels.state_axis, "message (a.u.)")
    name_colours(
        figure,
        [left, right],
        "type",
        types,
        [
            Line2D([], [], color=TRUTH, lw=5, alpha=0.2, label="true"),
            Line2D([], [], color=types.colours[0], lw=1, label="learned"),
        ],
    )
    return figure
