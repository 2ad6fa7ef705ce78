"""How good the predictions of a sweep were, as a PNG: every predicted interval with what came, and how often intervals
of any width would have held.

Left, one row per prediction, latest at the top: the interval, and the result as a dot (inside) or a diamond (outside).
Right, the reliability curve: if the intervals are read as the central 80 % of normal distributions, which share of the
results lies in their central p, against p. Below the diagonal: too narrow. The band is Wilson's 95 % interval of the
observed share: an honest forecaster's holds the diagonal in 95 of 100 sweeps of this size, at any one p.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

from hydra_llm.atomic_write import replacing
from hydra_llm.report.tree_figure import BLUE, GREY, INK, VERMILLION
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.predictions import CHANCE, Forecast, calibration, forecasts, summary
from hydra_llm.search.sample import wilson
from hydra_llm.search.settings import Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 60  # latest predictions that are drawn one by one
ROW_INCHES = 0.14
GRID = 101  # points of the reliability curve


def draw_calibration(path: Path, state: SweepState, settings: Settings) -> bool:
    """Draw the ledger; the file is replaced in one step. Nothing is drawn (False) while no prediction is judged."""
    found = forecasts(state)
    judged = [f for f in found if f.z is not None]
    if not judged:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = judged[-MAX_ROWS:]
    figure = Figure(figsize=(12.0, max(4.6, 1.6 + ROW_INCHES * len(rows))), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_intervals(left, rows, settings)
    _draw_reliability(right, judged)
    shown = "" if len(rows) == len(judged) else f"; the latest {len(rows)} are shown on the left"
    figure.suptitle(
        f"Predictions: {_wrapped(summary(calibration(found)) + shown)}", fontsize=10, x=0.01, ha="left", color=INK
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as aside:
        canvas.print_figure(aside, dpi=120, format="png")
    return True


def _draw_intervals(axes: Axes, rows: Sequence[Forecast], settings: Settings) -> None:
    for place, forecast in enumerate(rows):
        colour = BLUE if forecast.status == "held" else VERMILLION
        low, high = forecast.prediction.low, forecast.prediction.high
        axes.plot((low, high), (place, place), color=GREY, linewidth=3, solid_capstyle="butt", zorder=1)
        marker = "o" if forecast.status == "held" else "D"
        axes.plot([forecast.value or 0.0], [place], marker, color=colour, markersize=5, zorder=2)
    labelled = range(0, len(rows), max(1, len(rows) // 20))
    axes.set_yticks([*labelled], [f"trial {rows[place].number}" for place in labelled])
    axes.set_ylim(-1, len(rows))
    axes.set_xlabel(settings.objective.name)
    axes.set_title("Predicted intervals and results", fontsize=10, loc="left", color=INK)
    handles = [
        axes.plot([], [], color=GREY, linewidth=3, label=f"predicted interval ({100 * CHANCE:.0f} %)")[0],
        axes.plot([], [], "o", color=BLUE, label="result inside")[0],
        axes.plot([], [], "D", color=VERMILLION, label="result outside")[0],
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, fontsize=9)
    _plain(axes)


def _draw_reliability(axes: Axes, judged: Sequence[Forecast]) -> None:
    shares = [place / (GRID - 1) for place in range(GRID)]
    inside = [_central(forecast.z or 0.0) for forecast in judged]
    held = [sum(central <= share for central in inside) for share in shares]
    observed = [count / len(inside) for count in held]
    band = [wilson(count, len(inside)) for count in held]
    axes.fill_between(shares, [low for low, _ in band], [high for _, high in band], color=GREY, alpha=0.25, linewidth=0)
    axes.plot((0, 1), (0, 1), color=GREY, linewidth=1, linestyle="--")
    axes.plot(shares, observed, color=BLUE, linewidth=2)
    at = sum(forecast.status == "held" for forecast in judged) / len(judged)
    axes.plot([CHANCE], [at], "o", color=VERMILLION, markersize=7)
    axes.text(
        *(0.04, 0.96, f"{100 * at:.0f} % where {100 * CHANCE:.0f} % were promised"),
        transform=axes.transAxes,
        va="top",
        fontsize=9,
        color=VERMILLION,
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("central share p of the predicted distribution")
    axes.set_ylabel("share of results inside")
    axes.set_title(f"Reliability ({len(judged)} predictions)", fontsize=10, loc="left", color=INK)
    _plain(axes)


def _central(z: float) -> float:
    """The smallest central share of a normal distribution that holds a result z standard deviations from its middle."""
    return 2 * NormalDist().cdf(abs(z)) - 1


def _wrapped(text: str, width: int = 130) -> str:
    from textwrap import fill

    return fill(text, width)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
