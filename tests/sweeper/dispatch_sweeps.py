"""Runs the apps of the dispatch tests in a subprocess, and the invariants that every sweep must keep."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from toy_sweeps import environment, events

HERE = Path(__file__).parent
PLUGINS = HERE / "toy_plugins"


def app_command(app: str, folder: Path, *overrides: str) -> list[str]:
    fixed = ["-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder / 'sweep'}"]
    return [sys.executable, str(HERE / "toy_app" / app), *fixed, *overrides]


def app_environment(folder: Path) -> dict[str, str]:
    """Finds the recording launcher too; without thread limits of the test run's own."""
    path = os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH", "")]))
    more = {"PYTHONPATH": path, "RECORD_FILE": str(folder / "launches.jsonl")}
    return {k: v for k, v in environment().items() if not k.endswith("_NUM_THREADS")} | more


def run_app(app: str, folder: Path, *overrides: str, expect: int = 0, timeout: float = 200) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        app_command(app, folder, *overrides),
        cwd=folder,
        env=app_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    assert done.returncode == expect, text
    return text


def launches(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "launches.jsonl").read_text().splitlines()
    return sorted((json.loads(line) for line in lines), key=lambda r: r["first"])


def check_invariants(folder: Path, n_trials: int) -> None:
    """Every launched job ended in exactly one state, no number served two trials, and the total is kept."""
    asked = [trial["number"] for event in events(folder, "asked") for trial in event["trials"]]
    launched = {number for event in events(folder, "launched") for number in event["numbers"]}
    told = Counter(event["number"] for event in events(folder, "told"))
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == n_trials
    assert launched == set(asked)
    assert told == Counter(asked)
