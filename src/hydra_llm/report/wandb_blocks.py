"""What a report at Weights & Biases on a sweep consists of. Needs wandb-workspaces, which talks to no server here.

The runs are found by what they carry: the sweep's folder is their group, the sweep's own run has the job type `sweep`,
and regime, family, target, seed and block are keys of the config.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from wandb_workspaces import expr
from wandb_workspaces.reports.v2 import interface as wr

from hydra_llm.report.wandb_run import JOB_TYPE
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.space.dimension import Dimension

MOST_METRICS = 6  # with panels of their own
COLUMNS, HEIGHT = 24, 8  # of a row of panels, in W&B's units
ACROSS = ("regime", "family", "target")  # keys by which all runs of the project are compared
UNEQUAL = (
    "Runs of a group are on different recordings where their seeds differ: the paired differences in the sweep's own "
    "report.html are what its summary claims."
)


def report_of(sweep: Sweep, *, project: str, entity: str) -> wr.Report:
    """Best so far, trials by block, recovery by group, searched keys, table of trials."""
    name, goals = sweep.folder.resolve().name, _goals(sweep)
    its_own, trials = _own_run(project, entity, name), _trials(project, entity, name)
    metrics = shown_metrics(sweep)
    blocks: list[Any] = [
        wr.MarkdownBlock(text=f"{', '.join(f'`{m}` ({way})' for m, way in goals.items())}, sweep `{name}`. {UNEQUAL}"),
        *_found(goals, its_own, trials),
        wr.H2(text="Trials by block"),
        _grid(trials, [panel for metric in goals for panel in _by_block(metric)]),
    ]
    for key in ACROSS:
        everything = _trials(project, entity, groupby=key)
        blocks += [
            wr.H2(text=f"Recovery by {key}, all sweeps of the project"),
            _grid(everything, _recovery(metrics, key)),
        ]
    blocks += [
        wr.H2(text="Recovery by seed"),
        _grid(_trials(project, entity, name, groupby="seed"), _recovery(metrics, "seed")),
        wr.H2(text="Searched keys"),
        _grid(trials, [_searched(sweep)]),
        wr.H2(text="Trials"),
        _grid(its_own, [wr.WeavePanelSummaryTable(table_name="trials")]),
    ]
    return wr.Report(project=project, entity=entity, title=f"Sweep {name}"[:128], blocks=blocks, width="fluid")


def shown_metrics(sweep: Sweep) -> tuple[str, ...]:
    """The metrics of the search, and those that the application says belong beside them (search.show)."""
    names = (*_goals(sweep), *sweep.settings.show)
    return tuple(dict.fromkeys(names))[:MOST_METRICS]


def _goals(sweep: Sweep) -> dict[str, str]:
    """Metric -> direction."""
    objective, several = sweep.settings.objective, sweep.settings.objectives
    if several is None:
        return {objective.name: objective.direction}
    return dict(zip(several.names, several.directions, strict=True))


def _found(goals: Mapping[str, str], its_own: wr.Runset, trials: wr.Runset) -> list[Any]:
    """The best so far; with several objectives the trials in the plane of each pair, and the size of the front."""
    if len(goals) == 1:
        return [wr.H2(text="Best so far, over the whole sweep"), _grid(its_own, _progress(*goals))]
    planes = [
        wr.ScatterPlot(
            title=f"{up} against {across}",
            x=wr.SummaryMetric(f"selected/{across}"),
            y=wr.SummaryMetric(f"selected/{up}"),
        )
        for across, up in combinations(goals, 2)
    ]
    size = wr.LinePlot(title="configurations on the front", x="result", y=["front/size"], title_x="results")
    return [wr.H2(text="Pareto front"), _grid(trials, planes), _grid(its_own, [size])]


def _own_run(project: str, entity: str, sweep: str) -> wr.Runset:
    """The run of the sweep itself."""
    own = expr.And(expr.Metric("Group") == sweep, expr.Metric("JobType") == JOB_TYPE)
    return wr.Runset(project=project, entity=entity, name="the sweep", filters=own)


def _trials(project: str, entity: str, sweep: str | None = None, groupby: str | None = None) -> wr.Runset:
    """Runs of trials, of one sweep or of all, grouped by a key of their config."""
    chosen = [expr.Metric("JobType") != JOB_TYPE]
    if sweep is not None:
        chosen.append(expr.Metric("Group") == sweep)
    return wr.Runset(
        project=project,
        entity=entity,
        name="trials" if sweep else "all runs",
        filters=expr.And(*chosen),
        groupby=[f"config.{groupby}"] if groupby else [],
    )


def _grid(runs: wr.Runset, panels: Sequence[Any]) -> wr.PanelGrid:
    """Two panels per row; one that is alone takes it whole."""
    width = COLUMNS // min(2, len(panels))
    for number, panel in enumerate(panels):
        row, column = divmod(number, 2)
        panel.layout = wr.Layout(x=column * width, y=row * HEIGHT, w=width, h=HEIGHT)
    return wr.PanelGrid(runsets=[runs], panels=[*panels])


def _progress(metric: str) -> list[wr.LinePlot]:
    return [
        wr.LinePlot(title=f"best {metric} of the whole sweep", x="result", y=["best_so_far"], title_x="results"),
        wr.LinePlot(title=f"best {metric} of the block", x="result", y=["best_of_block"], title_x="results"),
    ]


def _by_block(metric: str) -> list[Any]:
    selected = f"selected/{metric}"
    return [
        wr.ScatterPlot(
            title=f"{metric} by trial", x=wr.Config("trial.trial"), y=wr.SummaryMetric(selected), running_ymean=True
        ),
        wr.BarPlot(title=f"{metric} by block, median and range", metrics=[selected], **_grouped("block")),
    ]


def _recovery(metrics: Sequence[str], key: str) -> list[Any]:
    """Per metric its final value and its curve over training; that is empty where an application logs no recovery/*."""
    panels: list[Any] = []
    for metric in metrics:
        panels += [
            wr.BarPlot(title=f"{metric} by {key}, median and range", metrics=[metric], **_grouped(key)),
            wr.LinePlot(
                title=f"{metric} over training, median and range",
                x="trainer/global_step",
                y=[f"recovery/{metric}"],
                title_x="interval of the fit",
                **_grouped(key),
            ),
        ]
    return panels


def _grouped(key: str) -> dict[str, Any]:
    return {"groupby": wr.Config(key), "groupby_aggfunc": "median", "groupby_rangefunc": "minmax"}


def _searched(sweep: Sweep) -> wr.ParallelCoordinatesPlot:
    settings = sweep.settings
    keys = [(dimension, "values") for dimension in settings.space.dimensions]
    if settings.block_space is not None:
        keys += [(dimension, "block_values") for dimension in settings.block_space.dimensions]
    columns = [
        wr.ParallelCoordinatesPlotColumn(
            metric=wr.Config(_place(dimension, part)), display_name=dimension.name, log=getattr(dimension, "log", False)
        )
        for dimension, part in keys
    ]
    scores = [
        wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(f"selected/{metric}")) for metric in _goals(sweep)
    ]
    return wr.ParallelCoordinatesPlot(title="Searched keys and what came of them", columns=[*columns, *scores])


def _place(dimension: Dimension, part: str) -> str:
    """Where the config of a run has a searched key: a value at its own path, a config group at what the trial was
    given, because the path holds the group's content."""
    return dimension.name if "." in dimension.name else f"trial.{part}.{dimension.name}"
