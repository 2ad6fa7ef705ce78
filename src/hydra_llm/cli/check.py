"""`hydra-llm check`: a training strategy, held to the rules and run on tiny data."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    source: Annotated[str, typer.Argument(help="PATH.py, or PATH.py@REVISION of the git repository it lies in.")],
    interface_test: Annotated[
        str, typer.Option(help="Dotted path of a function of the file's path that says what is wrong.")
    ] = "hydra_llm.training.strategy_check.check_strategy",
    seconds: Annotated[float, typer.Option(help="Time limit of the test.", min=1)] = 60.0,
    megabytes: Annotated[int, typer.Option(help="Memory limit of the test.", min=1)] = 2000,
) -> None:
    """Say what a sweep would say to this code before any run: `hydra-llm check my_strategy.py`."""
    from hydra_llm.code.examination import examine
    from hydra_llm.code.source import Source
    from hydra_llm.code.trial_run import RunLimits

    problems = examine(Source.parse(source).text(), interface_test, RunLimits(seconds, megabytes))
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)
    print(f"{source} breaks no rule and passes its interface test.")
