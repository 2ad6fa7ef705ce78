"""Slots that are filled one by one, compared with batches that wait for their slowest job.

Two jobs of 3 s and six of 0.2 s on two slots: the ideal is 3.8 s, one after the other 7.2 s. Both ways run in turn in
one go, so that whatever else the machine does hits both; the time is that of the launches, from the first to
the last job's end, and beside it that of the whole command.

    python benchmarks/slots.py [--repeats 2] [--launchers basic joblib]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _report import publish

APP = """
import sys, time
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig

@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    number = HydraConfig.get().job.num
    began = time.time()
    time.sleep(3.0 if number in (0, 3) else 0.2)
    with Path(cfg.times).open("a") as file:
        file.write(f"{number} {began} {time.time()}\\n")
    return float(cfg.x)

from hydra.core.config_store import ConfigStore
ConfigStore.instance().store(name="config", node={"x": 0.5, "times": "times.txt"})
main()
"""
N = 8
TARGETS = {"basic": 1.5, "joblib": 1.3}  # ratio of batch to slots
MODES = ("batch", "fork")


def sweep(launcher: str, dispatch: str) -> tuple[float, float]:
    """Seconds from the first job's start to the last job's end, and of the whole command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(APP)
        words = [sys.executable, "app.py", "-m", "hydra/sweeper=llm_ucb", f"hydra/launcher={launcher}"]
        words += ["hydra.sweeper.params={x: 'interval(0,1)'}", f"hydra.sweeper.n_trials={N}", "hydra.sweeper.seed=1"]
        words += ["hydra.sweeper.n_parallel=2", f"hydra.sweeper.dispatch={dispatch}", "hydra.sweeper.proposer=random"]
        words += [f"hydra.sweep.dir={folder / 'sweep'}", f"times={folder / 'times.txt'}"]
        words += ["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
        began = time.perf_counter()
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=dict(os.environ), check=False)
        whole = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        rows = [line.split() for line in (folder / "times.txt").read_text().splitlines()]
        events = [json.loads(line) for line in (folder / "sweep" / "events.jsonl").read_text().splitlines()]
        first = min(event["time"] for event in events if event["type"] == "launched")
    if sorted(int(row[0]) for row in rows) != list(range(N)):
        raise SystemExit(f"Eight jobs were expected, these ran: {rows}.")
    return max(float(row[2]) for row in rows) - first, whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--launchers", nargs="+", default=list(TARGETS))
    arguments = parser.parse_args()
    rows = []
    for launcher in arguments.launchers:
        seconds = {mode: [sweep(launcher, mode) for _ in range(1)] for mode in MODES}
        for _ in range(arguments.repeats - 1):
            for mode in MODES:
                seconds[mode].append(sweep(launcher, mode))
        launches = {mode: min(run[0] for run in seconds[mode]) for mode in MODES}
        commands = {mode: min(run[1] for run in seconds[mode]) for mode in MODES}
        rows.append(
            {
                "launcher": launcher,
                "batches of 2, s": launches["batch"],
                "slots, s": launches["fork"],
                "ratio": launches["batch"] / launches["fork"],
                "wanted": TARGETS.get(launcher, 1.0),
                "whole command: batches, s": commands["batch"],
                "slots of it, s": commands["fork"],
            }
        )
    note = "Best of the repeats; two jobs of 3 s and six of 0.2 s on two slots, ideal 3.8 s. Launch to last end."
    publish("slots", "Filling slots one by one", rows, packages=("hydra-core", "joblib"), note=note)


if __name__ == "__main__":
    main()
