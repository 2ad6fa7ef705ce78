"""`hydra-llm doctor`: what is installed, what is missing, and how a sweep stands."""

from __future__ import annotations

import typer

from hydra_llm.cli.folder import HERE, Folder

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


def doctor(folder: Folder = HERE) -> None:
    """Look at the installation, the surroundings and, where FOLDER is a sweep, at the sweep. Exit code 1: something is
    wrong.
    """
    from hydra_llm.cli import health

    wrong = False
    for part in (health.installation(), health.surroundings(folder), health.sweep(folder)):
        for finding in part:
            wrong |= finding.verdict == "wrong"
            remedy = f"  ->  {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{MARKS[finding.verdict]}  {finding.subject}: {finding.text}{remedy}")
    if wrong:
        raise typer.Exit(1)
