"""The profile likelihood of every parameter."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hydra_llm.families.reactions.fit import LikelihoodFit
from hydra_llm.families.reactions.fitting.profiles import THRESHOLD
from hydra_llm.families.reactions.tables import status
from hydra_llm.figures.style import GREY, LEARNED, TRUTH, dress, new_figure

MOST = 30  # panels


def profile_figure(fit: LikelihoodFit, reference: Any) -> dict[str, Figure]:
    """The figure `profiles`, where there are any."""
    if not fit.profiles:
        return {}
    shown = fit.profiles[:MOST]
    columns = min(5, len(shown))
    rows = math.ceil(len(shown) / columns)
    left_out = f" (the first {MOST} of {len(fit.profiles)})" if len(fit.profiles) > MOST else ""
    figure = new_figure(2.6 * columns, 2.2 * rows + 0.6, f"Profile likelihoods{left_out}")
    panels = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for panel, one in zip(panels, shown, strict=False):
        parameter = fit.net.problem.estimated[one.place]
        panel.plot(one.values, one.rise, color=LEARNED, lw=1.2, marker=".", ms=4)
        panel.axhline(THRESHOLD, color=GREY, lw=0.8, ls="--")
        for end in (one.low, one.high):
            if end is not None:
                panel.axvline(end, color=GREY, lw=0.8, ls=":")
        given = reference.values.get(parameter.id) if reference.is_truth else None
        if given is not None:
            panel.axvline(given, color=TRUTH, lw=1)
        panel.locator_params(axis="x", nbins=4)
        panel.set_ylim(-0.2, 1.6 * THRESHOLD)
        scale = "" if parameter.scale == "lin" else f"{parameter.scale} "
        words = status(one)
        dress(panel, parameter.id, f"{scale}value" + (f", {words}" if words else ""), "")
    for row in range(rows):
        panels[row * columns].set_ylabel("twice the rise", fontsize=8)
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    return {"profiles": figure}
