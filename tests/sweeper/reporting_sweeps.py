"""Sweeps over the reporting application, in a subprocess."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hydra_llm import job

APP = Path(__file__).parent / "reporting_app" / "app.py"
SPACE = "hydra.sweeper.params={x: 'interval(0, 1)'}"


def command(folder: Path, *overrides: str) -> list[str]:
    return [sys.executable, str(APP), "-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder}", *overrides]


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "OPENAI_API_KEY"} | {"OMP_NUM_THREADS": "1"}


def sweep(folder: Path, *overrides: str, expect: int = 0) -> str:
    """Everything that the sweep printed."""
    done = subprocess.run(
        command(folder, *overrides),
        cwd=folder.parent,
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
    found = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return [event for event in found if event["type"] == kind]


def values(folder: Path) -> dict[int, dict[str, Any]]:
    return {t["number"]: t["proposal"]["values"] for event in events(folder, "asked") for t in event["trials"]}


def steps(folder: Path, number: int) -> int:
    """How many steps a job reported."""
    return len(job.read_reports(folder / str(number)))
