"""The command lines that a sweep prints and records."""

from __future__ import annotations

import shlex
import sys


def program() -> str:
    """The program as it was called, without its arguments."""
    return shlex.join(["python", sys.argv[0]])


def resume_command(sweep_dir: str) -> str:
    """The command line that continues this sweep, the folder spelled out."""
    arguments = [item for item in sys.argv[1:] if not item.startswith("hydra.sweep.dir=")]
    return shlex.join(["python", sys.argv[0], *arguments, f"hydra.sweep.dir={sweep_dir}"])
