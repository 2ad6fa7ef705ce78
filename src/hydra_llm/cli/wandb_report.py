"""`hydra-llm wandb-report`: a report at W&B on a synced sweep."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def wandb_report(
    folder: Folder = HERE,
    project: Annotated[str, typer.Option("--project", "-p", help="Project at W&B.")] = "hydra-llm",
    entity: Annotated[str | None, typer.Option("--entity", "-e", help="Team or user; none: your default.")] = None,
) -> None:
    """Save a report at W&B: best so far, trials by block, recovery by group, searched keys, table of trials.

    Needs a login, the extra [wandb-report], and the sweep at W&B (hydra-llm sync). Each call saves a new report.
    """
    from hydra_llm.report.wandb_report import save_report
    from hydra_llm.search.log.reader import read_sweep

    typer.echo(save_report(read_sweep(folder), project=project, entity=entity))
