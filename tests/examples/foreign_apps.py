"""Runs applications outside this project in a subprocess, as their users would."""

import shutil
from pathlib import Path
from typing import Any

import programs
from programs import PYTHON, environment, proposed

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def copy_of(example: str, folder: Path) -> Path:
    """A copy of an example, away from the checkout."""
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("sweep*", "outputs", "__pycache__"))
    return folder


def run(folder: Path, script: str, *arguments: str, expect: int = 0) -> str:
    """Everything that it printed."""
    return programs.run([PYTHON, script, *arguments], folder, environment("PYTHONPATH"), expect=expect)


def asked(sweep: Path) -> dict[int, dict[str, Any]]:
    """Values of every search trial by number."""
    trials = (trial for trial in proposed(sweep) if trial.get("purpose", "search") == "search")
    return {trial["number"]: trial["proposal"]["values"] for trial in trials}


def overrides(sweep: Path, number: int) -> list[str]:
    """What a job was launched with."""
    lines = (sweep / str(number) / ".hydra" / "overrides.yaml").read_text().splitlines()
    return [line.removeprefix("- ").strip("'\"") for line in lines]
