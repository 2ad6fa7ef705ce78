"""Sweeps of the toy application on the cluster of the tests, and what they left behind."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from cluster import Cluster

from programs import PYTHON

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "sweeper" / "toy_app" / "app.py"
LIMIT_S = 300.0
TRAIN = ROOT / "train.py"
SETTINGS = (
    "hydra.launcher.partition=debug",
    "hydra.launcher.cpus_per_task=1",
    "hydra.launcher.timeout_min=15",
)


def command(folder: Path, *overrides: str, app: Path = TOY) -> list[str]:
    launcher = "slurm_cpu" if app == TRAIN else "submitit_slurm"  # our preset, where it is on the path
    fixed = [
        "-m",
        "hydra/sweeper=llm_ucb",
        f"hydra.sweep.dir={folder / 'sweep'}",
        f"hydra/launcher={launcher}",
        *SETTINGS,
    ]
    mine = [f"runs_file={folder / 'runs.txt'}", "search.confirm.n_seeds=0"] if app == TOY else []
    return [PYTHON, str(app), *fixed, *mine, *overrides]


def environment(cluster: Cluster) -> dict[str, str]:
    own = {k: v for k, v in cluster.environment.items() if k != "OPENAI_API_KEY"}
    return {**own, "OMP_NUM_THREADS": "1"}


def start(cluster: Cluster, folder: Path, *overrides: str, app: Path = TOY) -> subprocess.Popen[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        command(folder, *overrides, app=app),
        cwd=folder,
        env=environment(cluster),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(cluster: Cluster, process: subprocess.Popen[str], expect: int | None = 0) -> str:
    """Everything that a sweep printed."""
    try:
        text, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
        raise AssertionError(f"The sweep did not end within {LIMIT_S:g} s.\n{text}\n{cluster.logs()}") from None
    assert expect is None or process.returncode == expect, f"{text}\n{cluster.logs()}"
    return text


def sweep(cluster: Cluster, folder: Path, *overrides: str, app: Path = TOY, expect: int = 0) -> str:
    return finish(cluster, start(cluster, folder, *overrides, app=app), expect)


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    path = folder / "sweep" / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def states(folder: Path) -> dict[int, str]:
    """number -> state of every trial that ended."""
    return {event["number"]: event["state"] for event in events(folder, "told")}


def executions(folder: Path) -> list[str]:
    """One line per run of the task."""
    return (folder / "runs.txt").read_text().splitlines()


def job_ids(folder: Path) -> list[str]:
    """submitit's ids in the order of their names: `17` for a single job, `17_0` in an array."""
    return sorted(
        path.name.removesuffix("_submitted.pkl") for path in (folder / "sweep").glob(".submitit/*/*_submitted.pkl")
    )


def check_invariants(folder: Path, n_trials: int) -> None:
    """Every launched job ended in exactly one state, and no number served two trials."""
    asked = [trial["number"] for event in events(folder, "asked") for trial in event["trials"]]
    assert sorted(asked) == list(range(n_trials))
    assert Counter(event["number"] for event in events(folder, "told")) == Counter(asked)
