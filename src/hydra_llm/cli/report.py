"""`hydra-llm report`: write report.html of a sweep, once or again and again while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def report(
    folder: Folder = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; FOLDER/report.html when not given.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Write anew whenever the log grows, until the sweep ends.")
    ] = False,
    every: Annotated[float, typer.Option(help="With --watch: seconds between two looks at the log.", min=0.2)] = 5.0,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write one HTML file that shows a sweep: tree, curves, tables, reasoning; it opens offline.

    Everything is derived from events.jsonl and the files beside it, so it can be written at any time, for a finished,
    a running or an interrupted sweep.
    """
    from hydra_llm.report.page import write_report
    from hydra_llm.report.watch import watch as watch_folder

    path = write_report(folder, output, live=watch)
    typer.echo(path)
    if open_:
        typer.launch(path.resolve().as_uri())
    if watch:
        watch_folder(folder, output, every, typer.echo)
