"""Colours of types, safe for colour-blind readers: Okabe & Ito (2008) for a few, viridis for many.

Shapes repeat what colours say. A legend names up to 20 types; more become a colour bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.style import colour_bar, outer_legend

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#F0E442")
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
_MOST_IN_A_LEGEND = 20


@dataclass(frozen=True)
class Kinds:
    """Labels sorted into kinds: index [n] into names, colours and shapes."""

    index: np.ndarray
    names: tuple[str, ...]
    colours: tuple[str, ...]
    shapes: tuple[str, ...]


def kinds(labels: ArrayLike, word: str) -> Kinds:
    """The kinds in labels [n]. Numbers are named after the word, as in 'type 3'; strings stand for themselves."""
    values, index = np.unique(np.asarray(labels).ravel(), return_inverse=True)
    names = tuple(str(value) if values.dtype.kind in "US" else f"{word} {value:g}" for value in values)
    shapes = tuple(SHAPES[k % len(SHAPES)] for k in range(len(names)))
    return Kinds(index, names, type_colours(len(names)), shapes)


def type_colours(n: int) -> tuple[str, ...]:
    if n <= len(OKABE_ITO):
        return OKABE_ITO[:n]
    return tuple(to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.95, n)))


def name_colours(
    figure: Figure, axes: Axes | Sequence[Axes], word: str, named: Kinds, others: Sequence[Line2D] = ()
) -> None:
    """Say what the colours mean, outside the axes: a legend, or a colour bar numbered from 0 for many kinds.

    `others` are legend entries for what does not depend on the kind.
    """
    handles = list(others)
    if len(named.names) <= _MOST_IN_A_LEGEND:
        marks = zip(named.names, named.colours, named.shapes, strict=True)
        handles += [
            Line2D([], [], ls="", marker=shape, ms=6, color=colour, label=name) for name, colour, shape in marks
        ]
    else:
        n = len(named.names)
        norm = BoundaryNorm(np.arange(n + 1) - 0.5, n)
        ticks = np.unique(np.linspace(0, n - 1, 6).round().astype(int))
        scale = ScalarMappable(norm, ListedColormap(list(named.colours)))
        bar = colour_bar(figure, scale, axes, f"{word} (of {n})", ticks=ticks, spacing="proportional")
        bar.minorticks_off()
    if handles:
        outer_legend(figure, handles=handles, ncols=min(7, len(handles)))
