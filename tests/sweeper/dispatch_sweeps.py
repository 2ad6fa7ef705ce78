"""Runs the apps of the dispatch tests in a subprocess, and the invariants that every sweep must keep."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from toy_sweeps import APP, events

from programs import PYTHON, environment, proposed, run

PLUGINS = Path(__file__).parent / "toy_plugins"


def app_command(app: str, folder: Path, *overrides: str) -> list[str]:
    fixed = ["-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder / 'sweep'}"]
    return [PYTHON, str(APP.with_name(app)), *fixed, *overrides]


def app_environment(folder: Path) -> dict[str, str]:
    """Finds the recording launcher too; without thread limits of the test run's own."""
    path = os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH", "")]))
    more = {"PYTHONPATH": path, "RECORD_FILE": str(folder / "launches.jsonl")}
    return {k: v for k, v in environment().items() if not k.endswith("_NUM_THREADS")} | more


def run_app(app: str, folder: Path, *overrides: str, expect: int = 0, timeout: float = 200) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return run(app_command(app, folder, *overrides), folder, app_environment(folder), expect=expect, timeout=timeout)


def launches(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "launches.jsonl").read_text().splitlines()
    return sorted((json.loads(line) for line in lines), key=lambda r: r["first"])


def check_invariants(folder: Path, n_trials: int) -> None:
    """Every launched job ended in exactly one state, no number served two trials, and the total is kept."""
    asked = [trial["number"] for trial in proposed(folder / "sweep")]
    launched = {number for event in events(folder, "launched") for number in event["numbers"]}
    told = Counter(event["number"] for event in events(folder, "told"))
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == n_trials
    assert launched == set(asked)
    assert told == Counter(asked)
