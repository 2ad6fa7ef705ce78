"""The fitted model over the measurements, a panel per observable, a colour per condition; bars are the noise."""

import math
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood, LikelihoodAt
from hydra_llm.families.reactions.petab.problem import Measurement
from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.style import GREY, INK, TEXT, dress, new_figure

PANELS, CURVES, TIMES = 16, 8, 120


def fits(likelihood: Likelihood, point: np.ndarray, evaluated: LikelihoodAt) -> dict[str, Figure]:
    """The figure `fit`. Of more than 16 observables the first are drawn, of more than 8 curves in a panel likewise."""
    problem = likelihood.problem
    measured = list(dict.fromkeys(one.observable for one in problem.measurements))
    names = measured[:PANELS]
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    left_out = f" (the first {PANELS} of {len(measured)} observables)" if len(measured) > PANELS else ""
    figure = new_figure(3.4 * columns, 2.7 * rows + 0.6, f"Measurements and the fitted model{left_out}")
    panels = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    curves = _curves(likelihood, point, names)
    for panel, name in zip(panels, names, strict=False):
        _panel(panel, name, likelihood, evaluated, curves)
    for row in range(rows):
        panels[row * columns].set_ylabel("value (as in the file)", fontsize=TEXT, color=INK)
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    return {"fit": figure}


Key = tuple[str | None, str, tuple[str, ...]]


def _key(one: Measurement) -> Key:
    """Of a curve: measurements that differ in their noise alone share it."""
    return one.preequilibration, one.condition, one.observable_overrides


def _panel(
    axes: Axes,
    name: str,
    likelihood: Likelihood,
    evaluated: LikelihoodAt,
    curves: dict[tuple[str, Key], tuple[np.ndarray, np.ndarray]],
) -> None:
    places = [i for i, one in enumerate(likelihood.problem.measurements) if one.observable == name]
    keys = list(dict.fromkeys(_key(likelihood.problem.measurements[i]) for i in places))
    kind = likelihood.observable_of(places[0]).transformation
    for colour, key in zip(OKABE_ITO, keys[:CURVES], strict=False):
        own = [i for i in places if _key(likelihood.problem.measurements[i]) == key]
        t = np.array([likelihood.problem.measurements[i].time for i in own])
        at_rest = ~np.isfinite(t)
        t = np.where(at_rest, 0.0, t)  # a steady state has no time
        m, sigma = likelihood.measured[own], evaluated.sigma[own]
        axes.errorbar(t, m, yerr=_bars(m, sigma, kind), fmt="o", ms=3, lw=0.8, color=colour, label=key[1])
        if (name, key) in curves:
            axes.plot(*curves[name, key], color=colour, lw=1.2)
        else:
            axes.plot(t, evaluated.y[own], ls="none", marker="_", ms=10, color=colour)
    if kind != "lin":
        axes.set_yscale("log")
    more = f" ({CURVES} of {len(keys)} curves)" if len(keys) > CURVES else ""
    dress(axes, name + more, "time", "")
    if 1 < len(keys) <= CURVES:
        axes.legend(fontsize=6, frameon=False, labelcolor=GREY)


def _bars(m: np.ndarray, sigma: np.ndarray, kind: str) -> np.ndarray:
    """Below and above, one standard deviation of the noise."""
    if kind == "lin":
        return np.array([sigma, sigma])
    factor = np.exp(np.minimum(sigma * (1.0 if kind == "log" else math.log(10)), 50))
    return np.array([m - m / factor, m * factor - m])


def _curves(
    likelihood: Likelihood, point: np.ndarray, names: list[str]
) -> dict[tuple[str, Key], tuple[np.ndarray, np.ndarray]]:
    """The model at many times, by observable and condition; empty where it cannot be integrated."""
    last: dict[tuple[str, Key], float] = {}
    noise: dict[tuple[str, Key], tuple[str, ...]] = {}
    for one in likelihood.problem.measurements:
        if one.observable in names and np.isfinite(one.time):
            key = (one.observable, _key(one))
            last[key] = max(last.get(key, 0.0), one.time)
            noise[key] = one.noise_overrides
    last = {key: end for key, end in last.items() if end > 0}
    if not last:
        return {}
    dense = [
        Measurement(name, key[0], key[1], float(t), 1.0, key[2], noise[name, key])
        for (name, key), end in last.items()
        for t in np.linspace(0, end, TIMES)
    ]
    try:
        drawn = Likelihood(replace(likelihood.problem, measurements=tuple(dense)), likelihood.tolerances)
        y = drawn.model(point)
    except IntegrationFailed:
        return {}
    return {
        key: (np.linspace(0, end, TIMES), y[i * TIMES : (i + 1) * TIMES]) for i, (key, end) in enumerate(last.items())
    }
