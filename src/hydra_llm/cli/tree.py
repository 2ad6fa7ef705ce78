"""`hydra-llm tree`: the exploration tree of a sweep as a figure for a paper."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


class LabelChoice(StrEnum):
    AUTO = "auto"
    ALL = "all"
    NONE = "none"


def tree(
    folder: Folder = HERE,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The suffix is the format: .pdf, .svg or .png. FOLDER/figures/tree.pdf when not given.",
        ),
    ] = None,
    block: Annotated[list[int] | None, typer.Option(help="Only this block; may be repeated.")] = None,
    most: Annotated[
        int | None,
        typer.Option(help="About so many configurations per block: the best, the latest, their ancestors.", min=6),
    ] = None,
    labels: Annotated[
        LabelChoice, typer.Option(help="Mutations beside the lines; auto: while the figure stays below 12 inches.")
    ] = LabelChoice.AUTO,
) -> None:
    """Draw the exploration tree: colour is effect, width is certainty, size is replicates."""
    from hydra_llm.report.paper_tree import draw_paper_tree
    from hydra_llm.search.log.reader import read_sweep

    sweep = read_sweep(folder)
    path = output or folder / "figures" / "tree.pdf"
    typer.echo(draw_paper_tree(path, sweep, labels=labels.value, blocks=block or (), most=most))
