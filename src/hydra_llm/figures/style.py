"""The look of all figures: sizes, inks and how an axes is dressed. Constrained layout keeps labels apart."""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

INK, GREY, PALE = "#222222", "#888888", "#E6E6E6"
TRUTH, LEARNED = "#222222", "#D55E00"  # black and vermillion: apart for every reader and in grey
FIGURE_TITLE, TITLE, TEXT, SMALL = 12, 10, 9, 8  # points


def new_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure of width x height inches with its title at the upper left."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # pyright: ignore[reportOptionalMemberAccess, reportCallIssue]
    figure.suptitle(title, fontsize=FIGURE_TITLE, x=0.01, ha="left", color=INK)
    return figure


def dress(axes: Axes, title: str, x: str, y: str) -> None:
    """Title and axis labels, in the sizes and inks of all figures; no frame above and to the right."""
    axes.set_title(title, fontsize=TITLE, loc="left", color=INK)
    axes.set_xlabel(x, fontsize=TEXT, color=INK)
    axes.set_ylabel(y, fontsize=TEXT, color=INK)
    axes.tick_params(which="both", labelsize=SMALL, colors=INK)  # minor ticks of a short log axis have labels
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def colour_bar(
    figure: Figure, mappable: ScalarMappable, axes: Axes | Iterable[Axes], label: str, **where: Any
) -> Colorbar:
    bar = figure.colorbar(mappable, ax=axes if isinstance(axes, Axes) else list(axes), **where)
    bar.set_label(label, fontsize=TEXT, color=INK)
    bar.ax.tick_params(which="both", labelsize=SMALL, colors=INK)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return bar


def outer_legend(figure: Figure, **entries: Any) -> None:
    """The legend of the whole figure, below all axes at the left: at the right the saved figure names its target."""
    figure.legend(loc="outside lower left", fontsize=SMALL, frameon=False, labelcolor=INK, **entries)
