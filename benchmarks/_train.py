"""Runs of train.py in processes of their own, with their cost, and what a table says of several."""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from _report import ROOT


@dataclass(frozen=True)
class Run:
    metrics: dict[str, float]
    seconds: float  # wall time, all in
    peak_gb: float  # resident set
    processor: float = 0.0  # seconds of all cores together, which other work on the machine hardly changes


def run(*overrides: str) -> Run:
    """`python train.py <overrides>` without a stored dataset. Ends the benchmark if the run fails."""
    done = attempted(*overrides)
    if isinstance(done, str):
        raise SystemExit(f"python train.py {' '.join(overrides)}: {done}")
    return done


def attempted(*overrides: str) -> Run | str:
    """The same, or the sentence of a fit that failed. Any other error ends the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["train.py", *overrides, "logger=csv", f"paths.datasets={folder}/data"]
        printed = Path(folder) / "printed.txt"
        began = time.perf_counter()
        with printed.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, *command, f"hydra.run.dir={folder}/run"], cwd=ROOT, stdout=file, stderr=file
            )
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status != 0:
            said = printed.read_text()
            failed = re.findall(r"The fit failed: .+", said)
            if failed:
                return str(failed[-1])
            ended = os.waitstatus_to_exitcode(status)
            raise SystemExit(f"{said[-2000:]}\npython {' '.join(command)} ended with {ended}.")
        metrics = json.loads((Path(folder) / "run" / "metrics.json").read_text())
    return Run(metrics, seconds, peak_bytes(usage) / 1e9, usage.ru_utime + usage.ru_stime)


def parser(description: str, name: str) -> argparse.ArgumentParser:
    """With the seeds to repeat a run over, and the name of the result files."""
    built = argparse.ArgumentParser(description=description)
    built.add_argument("--seeds", default="0,1,2", help="comma-separated seeds of data and training")
    built.add_argument("--name", default=name, help="name of the result files")
    return built


def over_seeds(seeds: str, *overrides: str) -> list[Run]:
    """One run for each of the comma-separated seeds, without figures."""
    return [run(*overrides, "callbacks.figures=false", f"seed={seed}") for seed in map(int, seeds.split(","))]


def scores(runs: Sequence[Run], columns: Mapping[str, str], shown: Callable[[Sequence[float]], str]) -> dict[str, str]:
    """Title -> the values of a metric, in runs that have it, as `shown`; `columns` maps titles to metrics."""
    return {
        title: shown([found.metrics[name] for found in runs if name in found.metrics])
        for title, name in columns.items()
    }


def wall(runs: Sequence[Run]) -> str:
    """Mean and largest wall time, in seconds."""
    seconds = [found.seconds for found in runs]
    return f"{mean(seconds):.0f}, {max(seconds):.0f}"


def cost(runs: Sequence[Run]) -> dict[str, str]:
    return {"wall (s)": wall(runs), "peak memory (GB)": f"{max(found.peak_gb for found in runs):.2f}"}


def peak_bytes(usage: resource.struct_rusage) -> int:
    """ru_maxrss is in kilobytes, on macOS in bytes."""
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
