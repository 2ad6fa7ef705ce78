"""`hydra-llm repeat`: ask a recorded decision of the model again."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_llm.cli.folder import Folder


def repeat(
    folder: Folder,
    decision: Annotated[
        int | None, typer.Option("--decision", "-d", help="Which question to the model, from 1; none: list them.")
    ] = None,
    times: Annotated[int, typer.Option("--times", "-n", help="How often.", min=1)] = 10,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the model that differs from the sweep's.")
    ] = None,
) -> None:
    """Ask the same question, word for word, and report how often parent, parameter and direction come back.

    Answers are kept in FOLDER/repeat/; the sweep's own log is read and never written.
    """
    from hydra_llm.report.recorded_model import read_settings
    from hydra_llm.report.repeatability import repeat as asking

    if decision is None:
        typer.echo(asking.listing(folder))
        return
    client = asking.client_of(folder, read_settings(settings or []))
    done = asking.repeat(folder, decision, times, client)
    typer.echo(f"{done.render()}\nWritten: {asking.write(folder, done)}")
