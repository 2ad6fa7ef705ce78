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
    """Print the best trial, or with several objectives the Pareto front. What the search selected on is biased upwards;
    a confirmation on fresh seeds is not.
    """
    from hydra_llm.report.errors import LookupFailure
    from hydra_llm.report.trial_table import row_of
    from hydra_llm.report.trial_text import command_of, confirmed_twin, trial_text
    from hydra_llm.search.log.reader import read_sweep
    from hydra_llm.search.records import confirmation, front

    sweep = read_sweep(folder)
    trial = sweep.state.best()
    if trial is None:
        raise LookupFailure(f"No trial of {folder} has a value yet.")
    if sweep.settings.objectives is not None:
        members = [sweep.state.trials[member.number] for member in sweep.state.front]
        if command:
            numbers = ", ".join(str(member.number) for member in members)
            raise LookupFailure(
                f"With several objectives no trial is the best; on the Pareto front are {numbers}. Name one: "
                f"hydra-llm show {trial.number} --command {folder}"
            )
        if as_json:
            typer.echo(json.dumps([row_of(sweep, member) for member in members], indent=1, default=str))
            return
        for line in front.lines(sweep.state, sweep.settings):
            typer.echo(line)
        typer.echo(f"Nearest to the ideal point: trial {trial.number} (hydra-llm show {trial.number} {folder})")
        return
    if command:
        typer.echo(command_of(sweep, confirmed_twin(sweep, trial) if full else trial))
    elif as_json:
        typer.echo(json.dumps(row_of(sweep, trial), indent=1, default=str))
    else:
        typer.echo(trial_text(sweep, trial), nl=False)
        for line in confirmation.summary_lines(sweep.state, sweep.settings.objective):
            typer.echo(line)
