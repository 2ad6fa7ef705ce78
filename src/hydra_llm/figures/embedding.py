"""The learned embedding of every neuron, coloured by its true type and by the cluster it was put in."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.labels import NEURONS, Labels
from hydra_llm.figures.palette import Kinds, kinds, name_colours
from hydra_llm.figures.style import dress, new_figure

_SPARE = "#AAAAAA"


def embedding(
    a: ArrayLike,
    types: ArrayLike | None,
    clusters: ArrayLike,
    accuracy: float | None,
    labels: Labels = NEURONS,
) -> Figure:
    """a [neuron, 2]: embedding (of more dimensions, the first two); types [neuron] numbers or names, None if unknown.

    clusters [neuron]: predicted without labels, drawn in the colour of the type that they match best. accuracy: the
    score of that prediction, from metrics.clustering.
    """
    points, found = np.asarray(a, dtype=np.float64), np.asarray(clusters).ravel()
    if points.ndim != 2 or points.shape[1] < 2 or len(points) == 0 or len(points) != len(found):
        raise ValueError(
            f"An embedding must be [neuron, 2] with a cluster per neuron, got shape {points.shape} and {len(found)} "
            "clusters."
        )
    groups = kinds(found, "cluster")
    text = f"Embedding of {labels.count(len(points), len(points))}"
    if types is None:
        figure = new_figure(6.2, 5.6, text)
        axes = figure.subplots()
        _draw(axes, points, groups, "Coloured by predicted cluster")
        name_colours(figure, axes, "cluster", groups)
        return figure
    true = np.asarray(types).ravel()
    if len(true) != len(points):
        raise ValueError(
            f"There must be one type per {labels.unit}, got {len(true)} types for {len(points)} embeddings."
        )
    known = kinds(true, "type")
    score = "" if accuracy is None else f", cluster accuracy {accuracy:.3f}"
    figure = new_figure(10.5, 5.6, f"{text}{score}")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    _draw(left, points, known, f"Coloured by true type ({len(known.names)})")
    _draw(right, points, _as_types(groups, known), f"Coloured by predicted cluster ({len(groups.names)})")
    right.set_ylabel("")
    spare = [Line2D([], [], ls="", marker="p", ms=6, color=_SPARE, label="cluster without a type")]
    name_colours(figure, [left, right], "type", known, spare if len(groups.names) > len(known.names) else ())
    return figure


def _draw(axes: Axes, points: np.ndarray, groups: Kinds, title: str) -> None:
    size = float(np.clip(6000 / len(points), 3, 40))
    for k, (colour, shape) in enumerate(zip(groups.colours, groups.shapes, strict=True)):
        x, y = points[groups.index == k, :2].T
        axes.scatter(x, y, s=size, c=colour, marker=shape, alpha=0.75, lw=0, rasterized=True)
    dress(axes, title, "embedding a₁ (a.u.)", "embedding a₂ (a.u.)")


def _as_types(groups: Kinds, known: Kinds) -> Kinds:
    """The clusters in colours of the types, matched one to one; clusters beyond the number of types are grey."""
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((len(groups.names), len(known.names)))  # [cluster, type]
    np.add.at(counts, (groups.index, known.index), 1)
    partner = dict(zip(*linear_sum_assignment(counts, maximize=True), strict=True))
    colours = tuple(known.colours[partner[k]] if k in partner else _SPARE for k in range(len(counts)))
    shapes = tuple(known.shapes[partner[k]] if k in partner else "p" for k in range(len(counts)))
    return Kinds(groups.index, groups.names, colours, shapes)
