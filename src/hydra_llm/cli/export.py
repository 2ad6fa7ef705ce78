"""`hydra-llm export`: a sweep for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hydra_llm.cli.folder import HERE, Folder


def export(
    folder: Folder = HERE,
    csv: Annotated[Path | None, typer.Option("--csv", help="One row per trial.")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", help="The same with types; needs pyarrow.")] = None,
    optuna: Annotated[
        str | None,
        typer.Option("--optuna", help="Storage of Optuna, e.g. sqlite:///sweep.db; opens in optuna-dashboard."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="With --optuna: name of the study.")] = None,
    strategy: Annotated[
        Path | None, typer.Option("--strategy", help="The code of the best trial as a file, with its evidence.")
    ] = None,
) -> None:
    """Write the trials as CSV, Parquet, or a study of Optuna, or the best code; several at once if you like."""
    from hydra_llm.report.export import to_csv, to_optuna, to_parquet
    from hydra_llm.report.strategy_file import to_strategy
    from hydra_llm.search.log.reader import read_sweep

    if all(target is None for target in (csv, parquet, optuna, strategy)):
        raise typer.BadParameter("Say where to: --csv FILE, --parquet FILE, --optuna STORAGE or --strategy FILE.py.")
    sweep = read_sweep(folder)
    if csv is not None:
        typer.echo(to_csv(sweep, csv))
    if parquet is not None:
        typer.echo(to_parquet(sweep, parquet))
    if optuna is not None:
        typer.echo(f"{optuna}: study {to_optuna(sweep, optuna, name)}")
    if strategy is not None:
        typer.echo(to_strategy(sweep, strategy))
