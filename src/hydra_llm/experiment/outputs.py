"""What a run leaves behind: metrics.json, a table in the terminal, the returned value."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hydra_llm.atomic_write import write_json
from hydra_llm.families.errors import ExperimentError

log = logging.getLogger(__name__)


def write_metrics(metrics: dict[str, float], folder: Path) -> Path:
    """metrics.json: one flat object of finite floats, written whole or not at all."""
    path = folder / "metrics.json"
    write_json(path, metrics, indent=1, sort_keys=True)
    return path


def write_analysis_log(metrics: dict[str, float], target: str, folder: Path) -> None:
    """analysis.log: `name: value` lines, under the names that the published protocols read. The first is the target."""
    all_names = {**metrics, "loss": metrics["final_loss"]}
    lines = [f"{name}: {value:.6g}" for name, value in sorted(all_names.items())]
    (folder / "analysis.log").write_text("\n".join([f"target: {target}", *lines]) + "\n", encoding="utf-8")


def finite(metrics: dict[str, float]) -> dict[str, float]:
    """The metrics that are numbers; the log names the others."""
    lost = [name for name, value in metrics.items() if not math.isfinite(value)]
    if lost:
        log.warning("Not reported: %s, because they are not finite.", ", ".join(lost))
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def print_table(metrics: dict[str, float], shown: Sequence[str], title: str) -> None:
    """Scores beside what an oracle reaches on the same data. Rows: those of `shown` that have a value."""
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    has_oracle = any(f"oracle_{name}" in metrics for name in shown)
    if has_oracle:
        table.add_column("oracle", justify="right")
    for name in shown:
        if name in metrics:
            oracle = metrics.get(f"oracle_{name}")
            beside = ["" if oracle is None else f"{oracle:.5g}"] if has_oracle else []
            table.add_row(name, f"{metrics[name]:.5g}", *beside)
    Console().print(table)


def returned(metrics: dict[str, float], return_metric: str | None) -> dict[str, float] | float:
    """All metrics, or the one that another sweeper wants as a float."""
    if return_metric is None:
        return metrics
    if return_metric not in metrics:
        raise ExperimentError(
            f"return_metric must be one of the metrics of this run, got {return_metric}. They are: "
            f"{', '.join(sorted(metrics))}."
        )
    return metrics[return_metric]
