"""`hydra-llm sync`: a sweep and its trials to W&B."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def sync(
    folder: Folder = HERE,
    project: Annotated[str, typer.Option("--project", "-p", help="Project at W&B.")] = "hydra-llm",
    entity: Annotated[str | None, typer.Option("--entity", "-e", help="Team or user; none: your default.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="auto, online or offline; auto: online with a login.")] = "auto",
) -> None:
    """Write the sweep's own run (tables, tree, memory, protocol), then upload the offline runs of its trials.

    Without a login everything stays offline, and the command to upload it later is printed.
    """
    from hydra_llm.report.wandb_run import write_run
    from hydra_llm.search.log.reader import read_sweep
    from hydra_llm.wandb_mode import choose_mode

    try:
        chosen = choose_mode(mode)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(f"sweep: {write_run(read_sweep(folder), project=project, entity=entity, mode=chosen)}")
    runs = sorted(str(path) for path in folder.glob("*/wandb/offline-run-*"))
    if chosen != "online":
        typer.echo(f"offline. After `wandb login`: hydra-llm sync {folder}  ({len(runs)} runs of trials wait)")
    elif runs:
        raise typer.Exit(subprocess.run([sys.executable, "-m", "wandb", "sync", *runs], check=False).returncode)
