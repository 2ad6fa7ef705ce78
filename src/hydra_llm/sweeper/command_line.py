"""The command lines that a sweep prints and records."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path


def program() -> str:
    """The program as it was called, without its arguments: a file, or an installed command such as hydra-llm-train."""
    return shlex.join(_program())


def _program() -> list[str]:
    return ["python", sys.argv[0]] if sys.argv[0].endswith(".py") else [sys.argv[0]]


def repeat_command(overrides: Sequence[str]) -> str:
    """The command line of the single run with these overrides, also where a configuration says MULTIRUN by itself."""
    return f"{program()} {shlex.join([*overrides, 'hydra.mode=RUN'])}"


def resume_command(sweep_dir: str, n_trials: int | None = None) -> str:
    """The command line that continues this sweep, the folder spelled out; `n_trials`: to another number of trials."""
    new = [f"hydra.sweep.dir={sweep_dir}"] + ([] if n_trials is None else [f"hydra.sweeper.n_trials={n_trials}"])
    replaced = tuple(item.partition("=")[0] + "=" for item in new)
    arguments = [item for item in sys.argv[1:] if not item.startswith(replaced)]
    return shlex.join([*_program(), *arguments, *new])


def from_here(path: Path) -> Path:
    """As it is typed in the current folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
