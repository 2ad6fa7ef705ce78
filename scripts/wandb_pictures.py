"""The picture of docs/wandb.md: two charts of the numbers that W&B receives, from a finished sweep and from one run.

python train.py simulation=metabolism_small training=metabolism_adam logger=csv hydra.run.dir=outputs/charts
python scripts/wandb_pictures.py SWEEP outputs/charts       # SWEEP: the folder of a finished one, such as the demo's
"""

import csv
import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from readme_pictures import IMAGES, shrink

from hydra_llm.figures.palette import OKABE_ITO
from hydra_llm.figures.style import GREY, SMALL, dress, new_figure
from hydra_llm.report.timeline import timeline
from hydra_llm.report.wandb_run import progress
from hydra_llm.search.log.reader import Sweep, read_sweep

CURVES = ("recovery/rate_constants_R2", "recovery/rate_law_R2")


def main() -> int:
    if len(sys.argv) != 3:
        print(
            "Give the folders of a finished sweep and of a run; the first lines of this file say how.", file=sys.stderr
        )
        return 2
    figure = new_figure(9.0, 3.2, "")
    left, right = figure.subplots(1, 2)
    best_so_far(left, read_sweep(Path(sys.argv[1])))
    recovery(right, Path(sys.argv[2]) / "csv" / "metrics.csv")
    drawn = IMAGES / "wandb_charts.png"
    figure.savefig(drawn, dpi=160)
    shrink(drawn, drawn)
    return 0


def best_so_far(axes: Axes, sweep: Sweep) -> None:
    rows = list(progress(sweep))
    found = [sweep.state.trials[number].value for number in timeline(sweep.events).order]
    axes.plot(range(1, len(found) + 1), found, "o", color=GREY, ms=4, label="trials")  # None leaves a gap
    x, y = ([row[key] for row in rows] for key in ("result", "best_so_far"))
    axes.step(x, y, where="post", color=OKABE_ITO[0], label="best_so_far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=SMALL, frameon=False)
    dress(axes, "the run of a sweep", "result", sweep.settings.objective.name)


def recovery(axes: Axes, path: Path) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for curve, colour in zip(CURVES, OKABE_ITO, strict=False):
        points = [(int(row["step"]), float(row[curve])) for row in rows if row.get(curve)]
        axes.plot(*zip(*points, strict=True), ".-", color=colour, label=curve)
    axes.legend(fontsize=SMALL, frameon=False)
    axes.set_ylim(-2.0, 1.1)  # the first ones are far below
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axes, "the run of a fit", "step", "R2")


if __name__ == "__main__":
    sys.exit(main())
