"""`hydra-llm show 17`: one trial."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def show(
    number: Annotated[int, typer.Argument(help="Number of the trial: Hydra's job number, the name of its folder.")],
    folder: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    command: Annotated[
        bool, typer.Option("--command", help="Only the command of a single run that repeats it.")
    ] = False,
) -> None:
    """Print a trial: difference to its parent, hypothesis, prediction and outcome, metrics, error, command."""
    from hydra_llm.report.trial_table import row_of
    from hydra_llm.report.trial_text import command_of, find_trial, trial_text
    from hydra_llm.search.log.reader import read_sweep

    sweep = read_sweep(folder)
    trial = find_trial(sweep, number)
    if command:
        typer.echo(command_of(sweep, trial))
    elif as_json:
        typer.echo(json.dumps(row_of(sweep, trial), indent=1, default=str))
    else:
        typer.echo(trial_text(sweep, trial), nl=False)
