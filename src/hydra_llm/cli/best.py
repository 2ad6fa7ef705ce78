"""`hydra-llm best`: the best trial of a sweep, and how to run it again."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def best(
    folder: Folder = HERE,
    command: Annotated[bool, typer.Option("--command", help="Only the command that runs it again.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With --command: at the full budget, without the search's shortenings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Print the best trial. What the search selected on is biased upwards; a confirmation on fresh seeds is not."""
    from hydra_llm.report.errors import LookupFailure
    from hydra_llm.report.trial_table import row_of
    from hydra_llm.report.trial_text import command_of, confirmed_twin, trial_text
    from hydra_llm.search.log.reader import read_sweep
    from hydra_llm.search.records import confirmation

    sweep = read_sweep(folder)
    trial = sweep.state.best()
    if trial is None:
        raise LookupFailure(f"No trial of {folder} has a value yet.")
    if command:
        typer.echo(command_of(sweep, confirmed_twin(sweep, trial) if full else trial))
    elif as_json:
        typer.echo(json.dumps(row_of(sweep, trial), indent=1, default=str))
    else:
        typer.echo(trial_text(sweep, trial), nl=False)
        for line in confirmation.summary_lines(sweep.state, sweep.settings.objective):
            typer.echo(line)
