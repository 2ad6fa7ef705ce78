"""Runs applications outside this project in a subprocess, as their users would."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def copy_of(example: str, folder: Path) -> Path:
    """A copy of an example, away from the checkout."""
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("sweep*", "outputs", "__pycache__"))
    return folder


def run(folder: Path, script: str, *arguments: str, expect: int = 0) -> str:
    """Everything that it printed."""
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENAI_API_KEY", "PYTHONPATH")}
    done = subprocess.run(
        [sys.executable, script, *arguments],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode == expect, text
    return text


def events(sweep: Path, kind: str) -> list[dict[str, Any]]:
    found = map(json.loads, (sweep / "events.jsonl").read_text().splitlines())
    return [event for event in found if event["type"] == kind]


def asked(sweep: Path) -> dict[int, dict[str, Any]]:
    """Values of every search trial by number."""
    trials = [trial for event in events(sweep, "asked") for trial in event["trials"]]
    return {t["number"]: t["proposal"]["values"] for t in trials if t.get("purpose", "search") == "search"}


def overrides(sweep: Path, number: int) -> list[str]:
    """What a job was launched with."""
    lines = (sweep / str(number) / ".hydra" / "overrides.yaml").read_text().splitlines()
    return [line.removeprefix("- ").strip("'\"") for line in lines]
