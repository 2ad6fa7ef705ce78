"""Runs the toy application in a subprocess, as a person would, and reads what it left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

APP = Path(__file__).parent / "toy_app" / "app.py"


def command(folder: Path, *overrides: str, sweeper: str = "llm_ucb") -> list[str]:
    fixed = [f"hydra.sweep.dir={folder / 'sweep'}", f"runs_file={folder / 'runs.txt'}"]
    return [sys.executable, str(APP), "-m", f"hydra/sweeper={sweeper}", *fixed, *overrides]


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "OPENAI_API_KEY"} | {"OMP_NUM_THREADS": "1"}


def sweep(folder: Path, *overrides: str, expect: int = 0) -> str:
    """Everything that the sweep printed."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command(folder, *overrides),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode == expect, text
    return text


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "sweep" / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def told(folder: Path) -> list[tuple[Any, ...]]:
    """Number, state and value of every trial that ended, in order of number."""
    return sorted((e["number"], e["state"], e["value"]) for e in events(folder, "told"))


def executions(folder: Path) -> list[str]:
    """One line per run of the task."""
    return (folder / "runs.txt").read_text().splitlines()
