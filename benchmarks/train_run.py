"""One run all in, each in a fresh process without a stored dataset: wall time, peak resident memory, and what came out.

python benchmarks/train_run.py
python benchmarks/train_run.py --simulations signal_chaotic,signal_low_gain --repeats 1
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _report import ROOT, publish

SHOWN = ("connectivity_R2", "oracle_connectivity_R2", "test_R2")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time `python train.py logger=csv`.")
    parser.add_argument("--simulations", default="signal_chaotic", help="comma-separated regimes")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each regime, with seeds 0, 1, ...")
    options = parser.parse_args()
    rows = [measure(name, seed) for name in options.simulations.split(",") for seed in range(options.repeats)]
    note = "Simulation, oracle, fit, evaluation and figures included. Memory: peak resident set of the process."
    publish("train_run", "One run of train.py", rows, packages=("torch", "lightning"), note=note)


def measure(simulation: str, seed: int) -> dict[str, object]:
    """Wall time and peak memory of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "train.py",
            f"simulation={simulation}",
            f"seed={seed}",
            "logger=csv",
            f"paths.datasets={folder}/data",
        ]
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command, f"hydra.run.dir={folder}/run"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status != 0:
            raise SystemExit(f"python {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}.")
        metrics = json.loads((Path(folder) / "run" / "metrics.json").read_text())
    return {
        "simulation": simulation,
        "seed": seed,
        "wall (s)": seconds,
        "peak memory (GB)": peak_bytes(usage) / 1e9,
        **{name: metrics.get(name, "") for name in SHOWN},
    }


def peak_bytes(usage: resource.struct_rusage) -> int:
    """ru_maxrss is in kilobytes, on macOS in bytes."""
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
