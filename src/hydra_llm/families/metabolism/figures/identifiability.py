"""Which combinations of unknowns a recording determines: singular values of its least-squares problem."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.style import GREY, INK, dress, new_figure, outer_legend

NULL = 1e-8  # relative singular value below which a direction counts as undetermined
_SMALLEST = 1e-18  # where an exact zero is drawn


def identifiability(singular_values: ArrayLike, rank: int, unknowns: str) -> Figure:
    """singular_values: descending, columns of unit length; unknowns: what was solved for, in words."""
    s = np.asarray(singular_values, dtype=np.float64).ravel()
    if s.size == 0 or not s.max() > 0:
        raise ValueError("An identifiability spectrum needs at least one singular value above zero.")
    relative = np.maximum(s / s.max(), _SMALLEST)
    index = np.arange(1, s.size + 1)
    figure = new_figure(6.8, 4.6, "What the data determine")
    axes = figure.subplots()
    kept = index <= rank
    axes.semilogy(index[kept], relative[kept], ".-", color=INK, ms=4, lw=0.8, label="determined")
    if not kept.all():
        axes.semilogy(
            index[~kept], relative[~kept], "D", color=OKABE_ITO[4], ms=5, label=f"undetermined ({(~kept).sum():,})"
        )
    axes.axhline(NULL, color=GREY, ls="--", lw=1, label="limit of what counts as determined, $10^{-8}$")
    axes.set_ylim(min(relative.min(), NULL) / 5, 3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    dress(
        axes,
        f"{rank:,} of {s.size:,} combinations of {unknowns}",
        "component (rank)",
        "singular value (share of the largest)",
    )
    outer_legend(figure, ncols=3, handles=axes.get_legend_handles_labels()[0])
    return figure
