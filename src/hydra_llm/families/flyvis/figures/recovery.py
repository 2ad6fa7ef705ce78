"""Weights, time constants and resting potentials: learned over true, side by side."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hydra_llm.figures.scatter import draw_scatter, score_lines
from hydra_llm.figures.style import dress, new_figure


class Parameter(NamedTuple):
    """prefix: of its scores, as in connectivity_R2. name and unit: for the axes."""

    name: str
    prefix: str
    unit: str
    true: ArrayLike
    learned: ArrayLike


def recovery(parameters: Sequence[Parameter], scores: Mapping[str, float]) -> Figure:
    """One scatter per parameter with its identity line and scores."""
    if not parameters:
        raise ValueError("There is no parameter to draw. Give at least one.")
    figure = new_figure(5.2 * len(parameters), 5.2, "Recovery: learned over true")
    for axes, p in zip(np.ravel(figure.subplots(1, len(parameters))), parameters, strict=True):
        draw_scatter(figure, axes, np.asarray(p.true), np.asarray(p.learned), score_lines(scores, p.prefix))
        dress(
            axes, f"{p.name}, {np.size(p.true):,} values", f"true {p.name} ({p.unit})", f"learned {p.name} ({p.unit})"
        )
    return figure
