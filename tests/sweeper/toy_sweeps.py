"""Runs the toy application in a subprocess, as a person would, and reads what it left behind."""

from pathlib import Path
from typing import Any

import programs
from programs import PYTHON, run

APP = Path(__file__).parent / "toy_app" / "app.py"


def command(folder: Path, *overrides: str, sweeper: str = "llm_ucb") -> list[str]:
    fixed = [f"hydra.sweep.dir={folder / 'sweep'}", f"runs_file={folder / 'runs.txt'}"]
    return [PYTHON, str(APP), "-m", f"hydra/sweeper={sweeper}", *fixed, *overrides]


def sweep(folder: Path, *overrides: str, expect: int = 0) -> str:
    """Everything that the sweep printed."""
    folder.mkdir(parents=True, exist_ok=True)
    return run(command(folder, *overrides), folder, expect=expect)


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return programs.events(folder / "sweep", kind)


def told(folder: Path) -> list[tuple[Any, ...]]:
    """Number, state and value of every trial that ended, in order of number."""
    return sorted((e["number"], e["state"], e["value"]) for e in events(folder, "told"))


def executions(folder: Path) -> list[str]:
    """One line per run of the task."""
    return (folder / "runs.txt").read_text().splitlines()
