"""`hydra-llm gc`: give disk space back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def gc(
    root: Annotated[
        Path,
        typer.Argument(help="The folder of outputs; everything below it is looked at.", exists=True, file_okay=False),
    ] = Path("outputs"),
    days: Annotated[
        float, typer.Option("--older-than", help="Recordings not opened for so many days.", min=0.0)
    ] = 30.0,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it they are only listed.")] = False,
) -> None:
    """List, or delete with --yes, what can go without losing a result: unfinished recordings, old recordings (they can
    be simulated again), checkpoints of trials that did not win.
    """
    from hydra_llm.cli.leftovers import leftovers, remove

    total = 0
    for found in leftovers(root, days):
        total += found.size
        typer.echo(f"{found.size / 2**20:9.1f} MiB  {found.path}  ({found.why})")
        if yes:
            remove(found)
    typer.echo(f"{total / 2**20:9.1f} MiB  {'deleted' if yes else 'could be deleted with --yes'}")
