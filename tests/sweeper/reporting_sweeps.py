"""Sweeps over the reporting application, in a subprocess."""

from pathlib import Path
from typing import Any

from hydra_llm import job
from programs import PYTHON, proposed, run

APP = Path(__file__).parent / "reporting_app" / "app.py"
SPACE = "hydra.sweeper.params={x: 'interval(0, 1)'}"


def command(folder: Path, *overrides: str) -> list[str]:
    return [PYTHON, str(APP), "-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder}", *overrides]


def sweep(folder: Path, *overrides: str, expect: int = 0) -> str:
    """Everything that the sweep printed."""
    return run(command(folder, *overrides), folder.parent, expect=expect)


def values(folder: Path) -> dict[int, dict[str, Any]]:
    return {trial["number"]: trial["proposal"]["values"] for trial in proposed(folder)}


def steps(folder: Path, number: int) -> int:
    """How many steps a job reported."""
    return len(job.read_reports(folder / str(number)))
