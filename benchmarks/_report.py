"""Shared by all benchmarks: repeated timing, a description of the machine, and the two files of a result."""

import json
import os
import platform
import re
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"

Row = Mapping[str, Any]


def machine() -> str:
    """Cores that this process may use, memory, system; no name of a host."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    return f"{cores} cores, {memory:.0f} GB of memory, {platform.system()} {platform.machine()}"


def software(*packages: str) -> str:
    """Python, and the packages that matter to a benchmark, with their versions."""
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)])


def repeated(work: Callable[[], Any], times: int) -> list[float]:
    """Wall time of each call, in seconds."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def spread(seconds: Sequence[float], unit: float = 1.0) -> dict[str, float]:
    """Median and range; unit=1e-3 turns seconds into milliseconds."""
    return {
        "median": statistics.median(seconds) / unit,
        "least": min(seconds) / unit,
        "most": max(seconds) / unit,
        "repeats": len(seconds),
    }


def mean_sd_least(values: Sequence[float], digits: int) -> str:
    """'mean +- sd (minimum)', a single value as it is, or nothing if there are none."""
    if len(values) < 2:
        return "".join(f"{value:.{digits}f}" for value in values)
    return f"{statistics.mean(values):.{digits}f} +- {statistics.stdev(values):.{digits}f} ({min(values):.{digits}f})"


def publish(name: str, title: str, rows: Sequence[Row], *, packages: Sequence[str] = (), note: str = "") -> None:
    """Print the table and write results/NAME.json and NAME.md."""
    facts = {
        "command": typed(sys.argv),
        "date": date.today().isoformat(),
        "machine": machine(),
        "software": software(*packages),
    }
    table = markdown(rows)
    print(f"\n{title}\n\n{table}\n\n{facts['machine']}; {facts['software']}; {facts['date']}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    record = {"title": title, **facts, "note": note, "rows": [dict(row) for row in rows]}
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    lines = [f"# {title}", "", table, "", *([note, ""] if note else [])]
    lines += [f"* {key}: {f'`{value}`' if key == 'command' else value}" for key, value in facts.items()]
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def typed(argv: Sequence[str]) -> str:
    """The command of a benchmark as a reader types it: files by their names, wherever they lie here."""
    script, *arguments = argv
    return shlex.join(
        ["python", f"benchmarks/{Path(script).name}", *(re.sub(r"^(.*=)?/.*/", r"\1", a) for a in arguments)]
    )


def markdown(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(key for row in rows for key in row))
    cells = [names, *([_shown(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
