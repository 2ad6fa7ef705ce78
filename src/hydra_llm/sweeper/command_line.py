"""The command lines that a sweep prints and records."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence


def program() -> str:
    """The program as it was called, without its arguments."""
    return shlex.join(["python", sys.argv[0]])


def repeat_command(overrides: Sequence[str]) -> str:
    """The command line of the single run with these overrides, also where a configuration says MULTIRUN by itself."""
    return f"{program()} {shlex.join([*overrides, 'hydra.mode=RUN'])}"


def resume_command(sweep_dir: str) -> str:
    """The command line that continues this sweep, the folder spelled out."""
    arguments = [item for item in sys.argv[1:] if not item.startswith("hydra.sweep.dir=")]
    return shlex.join(["python", sys.argv[0], *arguments, f"hydra.sweep.dir={sweep_dir}"])
