"""Processor time of a whole command line per trial of a task that does nothing, beside Hydra's basic sweeper.

    python benchmarks/cost_per_trial.py

Every program runs with two numbers of trials; the difference, over the difference of trials, is what one trial costs:
user and system time of the program and of all its children. What a sweep costs once (imports, the report) cancels out.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from _report import publish

APP = """
import hydra

from hydra.core.config_store import ConfigStore

ConfigStore.instance().store(name="config", node={"x": 0.5, "n": 5})


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    return (cfg.x - 0.3) ** 2 + 0.01 * cfg.n

main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs=2, default=(5, 45), help="the two numbers of trials")
    parser.add_argument("--repeats", type=int, default=3)
    few, many = (arguments := parser.parse_args()).trials
    rows = []
    for name, command in (("llm_ucb, proposer=rules", searched), ("basic", basic)):
        costs = [(seconds(command(many)) - seconds(command(few))) / (many - few) for _ in range(arguments.repeats)]
        row = {
            "sweeper": name,
            "least (s)": min(costs),
            "median (s)": sorted(costs)[len(costs) // 2],
            "most (s)": max(costs),
        }
        rows.append(row)
        print(row, flush=True)
    note = f"Processor seconds per trial, from sweeps of {few} and {many} trials, {arguments.repeats} repeats."
    publish(
        "cost_per_trial", "What a trial of a sweep costs besides its job", rows, packages=("hydra-core",), note=note
    )


def searched(trials: int) -> list[str]:
    own = ("hydra/sweeper=llm_ucb", "hydra.sweeper.proposer=rules", "hydra.sweeper.direction=minimize")
    return [*own, f"hydra.sweeper.n_trials={trials}", "x=interval(0,1)", "n=int(interval(1,1000))"]


def basic(trials: int) -> list[str]:
    return [f"n=range(0,{trials})"]


def seconds(arguments: list[str]) -> float:
    """User and system time of the program with these arguments, and of its children."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(APP)
        before = used()
        words = [sys.executable, str(app), "-m", f"hydra.sweep.dir={folder}/sweep", *arguments]
        subprocess.run(words, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
        return used() - before


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
