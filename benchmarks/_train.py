"""One run of train.py in a separate process, with its cost."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from _report import ROOT


@dataclass(frozen=True)
class Run:
    metrics: dict[str, float]
    seconds: float  # wall time, all in
    peak_gb: float  # resident set


def run(*overrides: str) -> Run:
    """`python train.py <overrides>` without a stored dataset. Ends the benchmark if the run fails."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["train.py", *overrides, "logger=csv", f"paths.datasets={folder}/data"]
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command, f"hydra.run.dir={folder}/run"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status != 0:
            raise SystemExit(f"python {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}.")
        metrics = json.loads((Path(folder) / "run" / "metrics.json").read_text())
    return Run(metrics, seconds, peak_bytes(usage) / 1e9)


def peak_bytes(usage: resource.struct_rusage) -> int:
    """ru_maxrss is in kilobytes, on macOS in bytes."""
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
