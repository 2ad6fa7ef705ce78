"""`hydra-llm doctor`: what is installed, what is missing, and how a sweep stands."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


def doctor(
    folder: Folder = HERE,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value of a language model to ask, e.g. base_url=http://localhost:8000/v1."),
    ] = None,
) -> None:
    """Look at the installation, the surroundings and, where FOLDER is a sweep, at the sweep, whose language model is
    asked one short question. Exit code 1: something is wrong.
    """
    from hydra_llm.cli import health
    from hydra_llm.report.recorded_model import read_settings

    wrong = False
    model = iter([health.language_model(folder, read_settings(settings or []))])
    for part in (health.installation(), model, health.surroundings(folder), health.sweep(folder)):
        for finding in part:
            wrong |= finding.verdict == "wrong"
            remedy = f"  ->  {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{MARKS[finding.verdict]}  {finding.subject}: {finding.text}{remedy}")
    if wrong:
        raise typer.Exit(1)
