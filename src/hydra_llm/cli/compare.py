"""`hydra-llm compare`: trials of a sweep, or whole sweeps, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    what: Annotated[list[str], typer.Argument(help="Numbers of trials of one sweep, or folders of sweeps.")],
    folder: Annotated[
        Path, typer.Option("--sweep", "-s", help="With numbers: the sweep folder.", exists=True, file_okay=False)
    ] = Path(),
) -> None:
    """Print what differs: `hydra-llm compare 0 17`, or `hydra-llm compare SWEEP_A SWEEP_B`."""
    from rich.console import Console
    from rich.table import Table

    from hydra_llm.report.comparison import compare_sweeps, compare_trials
    from hydra_llm.report.trial_text import find_trial
    from hydra_llm.search.log.reader import read_sweep

    if len(what) < 2:
        raise typer.BadParameter("Give two or more, to compare them with each other.")
    if all(item.isdecimal() for item in what):
        sweep = read_sweep(folder)
        head, rows = compare_trials(sweep, [find_trial(sweep, int(item)) for item in what])
    elif any(item.isdecimal() for item in what):
        raise typer.BadParameter("Give numbers of trials, or folders of sweeps, not both.")
    else:
        head, rows = compare_sweeps([read_sweep(Path(item)) for item in what])
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    Console(width=None if typer.get_text_stream("stdout").isatty() else 160).print(table)
