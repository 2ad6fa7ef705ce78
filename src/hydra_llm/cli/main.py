"""`hydra-llm`: reads what sweeps left behind. It starts no run and changes no log.

Exit codes: 0 done, 1 it could not be done (one sentence on standard error), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from hydra_llm.cli.best import best
from hydra_llm.cli.check import check
from hydra_llm.cli.compare import compare
from hydra_llm.cli.doctor import doctor
from hydra_llm.cli.export import export
from hydra_llm.cli.gc import gc
from hydra_llm.cli.repeat import repeat
from hydra_llm.cli.report import report
from hydra_llm.cli.show import show
from hydra_llm.cli.sync import sync
from hydra_llm.cli.tree import tree
from hydra_llm.cli.wandb_report import wandb_report
from hydra_llm.code.errors import CodeError
from hydra_llm.report.errors import ExportError, FigureError, LookupFailure, RepeatError
from hydra_llm.search.log.event_log import EventLogError
from hydra_llm.search.log.reader import NoSweepError
from hydra_llm.version import installed_version

COMMANDS: tuple[Callable[..., None], ...] = (
    *(report, tree, show, best, compare, export, repeat, doctor, gc, sync),
    *(check, wandb_report),
)
USER_ERRORS = (NoSweepError, EventLogError, FigureError, LookupFailure, ExportError, RepeatError, CodeError, OSError)

app = typer.Typer(
    name="hydra-llm",
    help="Look at sweeps of hydra/sweeper=llm_ucb: reports and figures from a sweep folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"hydra-llm {installed_version()}")
        raise typer.Exit


@app.callback()
def hydra_llm(
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="And exit.")] = False,
) -> None:
    """With a callback a single command stays a command with a name."""


for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """The entry point: errors that we know are one sentence, not a traceback."""
    try:
        app()
    except USER_ERRORS as error:
        print(f"hydra-llm: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
