"""The command lines that a sweep prints and records."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra_llm.config_flags import config_flags


def program() -> str:
    """The program as it was called, without its arguments: a file, or an installed command such as hydra-llm-train."""
    return shlex.join(_program())


def _program() -> list[str]:
    if module := _module():
        return ["python", "-m", module]
    return ["python", sys.argv[0]] if sys.argv[0].endswith(".py") else [sys.argv[0]]


def _module() -> str:
    """The module that `python -m` runs, "" where a file was called: that file could not import its neighbours."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None or spec.name == "__main__" or spec.origin != sys.argv[0]:
        return ""
    return spec.name.removesuffix(".__main__")


def repeat_command(overrides: Sequence[str]) -> str:
    """The command line of the single run with these overrides, of the configuration that the sweep reads; also where
    that says MULTIRUN by itself.
    """
    return f"{program()} {shlex.join([*config_flags(sys.argv[1:]), *overrides, 'hydra.mode=RUN'])}"


def resume_command(sweep_dir: str, n_trials: int | None = None) -> str:
    """The command line that continues this sweep, the folder spelled out; `n_trials`: to another number of trials."""
    new = [f"hydra.sweep.dir={sweep_dir}"] + ([] if n_trials is None else [f"hydra.sweeper.n_trials={n_trials}"])
    replaced = tuple(item.partition("=")[0] + "=" for item in new)
    arguments = [item for item in sys.argv[1:] if not item.startswith(replaced)]
    return shlex.join([*_program(), *arguments, *new])


def from_here(path: Path) -> Path:
    """As it is typed in the current folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
