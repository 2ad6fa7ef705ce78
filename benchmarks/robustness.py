"""How surely every regime is recovered: many seeds, from the recording alone and from the oracle derivative.

python benchmarks/robustness.py                                       # all regimes, 20 seeds, both targets (hours)
python benchmarks/robustness.py --cases signal_dale --seeds 0-4 --targets recording
python benchmarks/robustness.py --table                               # rebuild the page (then run readme.py)

Every run is stored in results/robustness/ as soon as it ends, with its command and commit, and is not repeated: the
same command continues where it was stopped. --again repeats runs of other commits.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import runpy
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _report import RESULTS, ROOT, markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

STORE = RESULTS / "robustness"
TARGETS = {"recording": (), "oracle derivative": ("training.target=drift",)}
EXPERIMENTS = (  # beside every regime of conf/simulation
    "signal_unit_gain",
    "signal_measurement_noise_2",
    "signal_measurement_noise_5",
    "metabolism_measurement_noise_1",
)
NEEDS = {"flyvis_davis": "videos that have to be downloaded", "recording": "a recording of your own"}
CLOSE = 0.02  # a run has succeeded when its score is no further below the ceiling on the same data
HEADLINE = {
    "signal": "connectivity_R2",
    "flyvis": "connectivity_R2",
    "metabolism": "rate_constants_R2",
    "recording": "trust_score",
}
KEPT = re.compile(
    r"(oracle_)?(connectivity|rate_constants|tau|V_rest)_R2(_identifiable|_slope|_pearson2)?|oracle_(ls|ridge|tied|flow)|"
    r"oracle_\w*identifiable_share|oracle_(rank|condition_number|null_dimensions)|(message|update|rate_law)_R2|"
    r"slope_ratio_\d|slope_score|cluster_accuracy|n_types\w*|connectivity_(standard_error|coverage_90|gauge_share)|"
    r"(onestep|val|test)_R2\w*|best_val_loss|baseline_linear_loss|fit_retries|fit_doubtful|training_time_min"
)
DETERMINES = re.compile(r"To a relative precision .+|These data (leave|determine) .+")  # what the oracle says


@dataclass(frozen=True)
class Job:
    """One run of train.py."""

    case: str  # a regime, or an experiment
    target: str
    seed: int
    more: tuple[str, ...]

    @property
    def overrides(self) -> tuple[str, ...]:
        group = "experiment" if self.case in EXPERIMENTS else "simulation"
        return (f"{group}={self.case}", *TARGETS[self.target], f"seed={self.seed}", *self.more)


PROCESSES = multiprocessing.get_context("forkserver")


def main() -> None:
    options = _options()
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # before the server of processes starts
    PROCESSES.set_forkserver_preload(["hydra.main", "hydra_llm.experiment.pipeline"])
    jobs = [
        Job(case, target, seed, tuple(options.overrides))
        for seed in options.seeds
        for case in options.cases
        for target in options.targets
    ]
    if not options.table:
        commit = _commit()
        stored = {(case, target): load(case, target) for case in options.cases for target in options.targets}
        left = [job for job in jobs if not _is_done(job, stored[job.case, job.target], commit, options.again)]
        print(f"{len(jobs) - len(left)} of {len(jobs)} runs are stored; {len(left)} to do, {options.jobs} at a time.")
        _work(left, commit, options.jobs)
    write_page()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Success rate of every regime over many seeds.")
    parser.add_argument(
        "--cases",
        type=_names,
        default=",".join(case for case in cases() if case != "recording"),
        help="comma-separated regimes or experiments",
    )
    parser.add_argument(
        "--targets", type=_names, default=",".join(TARGETS), help=f"comma-separated: {', '.join(TARGETS)}"
    )
    parser.add_argument("--seeds", type=_seeds, default="0-19", help="such as 0-19 or 0,3,7")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="runs at a time, one core each")
    parser.add_argument(
        "--overrides", nargs="*", default=[], help="further overrides, such as simulation.connectome=PATH"
    )
    parser.add_argument("--again", action="store_true", help="repeat runs that an earlier commit left")
    parser.add_argument("--table", action="store_true", help="run nothing, rebuild the page")
    options = parser.parse_args()
    for name in options.cases:
        if name not in cases():
            parser.error(f"--cases must name {', '.join(cases())}, got {name}.")
    for name in options.targets:
        if name not in TARGETS:
            parser.error(f"--targets must name {', '.join(TARGETS)}, got {name}.")
    return options


def cases() -> list[str]:
    """Every regime of conf/simulation, and the experiments with measurement noise."""
    return [*sorted(path.stem for path in (ROOT / "conf" / "simulation").glob("*.yaml")), *EXPERIMENTS]


# ---- running ----
def _work(jobs: list[Job], commit: str, n_parallel: int) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, ThreadPoolExecutor(n_parallel) as pool:
        bar = progress.add_task("runs", total=len(jobs))
        running = {pool.submit(run, job, commit): job for job in jobs}
        for done in as_completed(running):
            job, row = running[done], done.result()
            rows = load(job.case, job.target)
            rows[str(job.seed)] = row
            _store(job, rows)
            progress.console.print(
                f"{job.case}, {job.target}, seed {job.seed}: {_said(job, row)} ({row['seconds']:.0f} s)"
            )
            progress.advance(bar)


def run(job: Job, commit: str) -> dict[str, Any]:
    """One row: what was measured, or the sentence with which the run ended; command, commit, seconds."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        places = [f"paths.datasets={folder}/data", f"hydra.run.dir={folder}/run"]
        bare = ["logger=csv", "callbacks.figures=false", "callbacks.checkpoint=false"]
        printed = Path(folder) / "printed.txt"
        process = PROCESSES.Process(target=_train, args=([*job.overrides, *places, *bare], printed))
        process.start()
        process.join()
        log = printed.read_text() if printed.exists() else ""
        row: dict[str, Any] = {
            "command": written(job),
            "commit": commit,
            "seconds": round(time.perf_counter() - began, 1),
        }
        path = Path(folder) / "run" / "metrics.json"
        if process.exitcode == 0 and path.exists():
            metrics = json.loads(path.read_text())
            return row | {"metrics": {name: value for name, value in metrics.items() if KEPT.fullmatch(name)}}
    errors = re.findall(r" ERROR (.+)", log)
    oracle = re.search(DETERMINES, log)
    return row | {
        "failed": errors[-1].strip() if errors else log.strip().splitlines()[-1] if log.strip() else "no word",
        "oracle": oracle[0].strip() if oracle else "",
    }


def _train(overrides: list[str], printed: Path) -> None:
    """train.py in a process of its own, whose imports the server of processes has made once for all (5 of 25 s)."""
    os.chdir(ROOT)
    sys.argv = ["train.py", *overrides]
    with printed.open("w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        runpy.run_path("train.py", run_name="__main__")


def written(job: Job) -> str:
    """The command as a reader types it, with the names of files in place of where they lie here."""
    return shlex.join(["python", "train.py", *(re.sub(r"=/.*/", "=", override) for override in job.overrides)])


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "conf", "train.py")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


# ---- storing ----
def _file(case: str, target: str) -> Path:
    return STORE / f"{case}-{target.replace(' ', '_')}.json"


def load(case: str, target: str) -> dict[str, dict[str, Any]]:
    """The stored rows of a case by seed."""
    path = _file(case, target)
    return json.loads(path.read_text()) if path.exists() else {}


def _store(job: Job, rows: dict[str, dict[str, Any]]) -> None:
    STORE.mkdir(parents=True, exist_ok=True)
    path = _file(job.case, job.target)
    lines = ",\n".join(f" {json.dumps(seed)}: {json.dumps(rows[seed])}" for seed in sorted(rows, key=int))
    draft = path.with_suffix(".part")
    draft.write_text(f"{{\n{lines}\n}}\n")
    draft.replace(path)


def _is_done(job: Job, rows: dict[str, dict[str, Any]], commit: str, again: bool) -> bool:
    row = rows.get(str(job.seed))
    return row is not None and row["command"] == written(job) and (row["commit"] == commit or not again)


# ---- the page ----
def headline(case: str) -> str:
    return HEADLINE[case.split("_")[0]]


def shortfall(case: str, row: dict[str, Any]) -> float | None:
    """How far a run is below its ceiling; None: it failed, or has no ceiling."""
    metrics = row.get("metrics", {})
    name = headline(case)
    return metrics[f"oracle_{name}"] - metrics[name] if name in metrics and f"oracle_{name}" in metrics else None


def _said(job: Job, row: dict[str, Any]) -> str:
    if "failed" in row:
        return "FAILED"
    metrics = row["metrics"]
    name = headline(job.case)
    return f"{metrics.get(name, float('nan')):.4f} of {metrics.get(f'oracle_{name}', float('nan')):.4f}"


def write_page() -> None:
    """results/robustness.md from everything that is stored."""
    rows, remarks = [], []
    for case in cases():
        for target in TARGETS:
            stored = load(case, target)
            if stored:
                rows.append(table_row(case, target, stored))
                remarks += list(_remarks(case, target, stored))
            elif case in NEEDS:
                rows.append({"regime": case, "target": target, "seeds": f"none: needs {NEEDS[case]}"})
    note = (
        "Score: R2 to the identity line after the gauge, of synaptic weights (signal, flyvis) or log10 rate constants "
        "(metabolism). Ceiling: the oracle that knows the law, on the same data and the same target. Success: at most "
        f"{CLOSE} below the ceiling. Failed: the fit said so itself and gave no number. Doubtful: a number further "
        "below, with a warning that the fit leaves more than noise (`fit_doubtful`). Unannounced: a number further "
        "below without one. Undetermined: failed runs whose data leave weights open even to an oracle that knows the "
        "law. Mean, sd and worst are over the runs that gave a number."
    )
    seen = [row for case in cases() for target in TARGETS for row in load(case, target).values()]
    commits = ", ".join(sorted({row["commit"] for row in seen}))
    lines = ["# Recovery on every seed", "", markdown(rows), "", note, ""]
    lines += ["## Runs that did not succeed", "", *(remarks or ["None."]), "", f"Commits: {commits}.", ""]
    lines.append("Rebuilt by `python benchmarks/robustness.py --table`; the runs are in results/robustness/.")
    (RESULTS / "robustness.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def told(case: str, target: str) -> str:
    """What a regime reaches with a target, in a few words; a dash where it was not measured."""
    stored = load(case, target)
    if not stored:
        return "-"
    scores, ceilings = _scores(case, stored)
    good, short, doubtful, failed = _counts(case, stored)
    score = f"{statistics.mean(scores):.3f} of {statistics.mean(ceilings):.3f}; " if scores else ""
    counts = [f"{good} of {len(stored)} seeds"]
    counts += [f"{short} short"] if short else []
    counts += [f"{doubtful} doubtful"] if doubtful else []
    counts += [f"{failed} failed"] if failed else []
    return score + ", ".join(counts)


def _scores(case: str, stored: dict[str, dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Of the runs that gave a number: what they reached, and their ceilings."""
    name = headline(case)
    runs = [row["metrics"] for row in stored.values() if name in row.get("metrics", {})]
    return [m[name] for m in runs], [m[f"oracle_{name}"] for m in runs if f"oracle_{name}" in m]


def _counts(case: str, stored: dict[str, dict[str, Any]]) -> tuple[int, int, int, int]:
    """Runs at their ceiling, further below it without and with a warning, and failed."""
    gaps = [(gap, row) for row in stored.values() if (gap := shortfall(case, row)) is not None]
    below = [row for gap, row in gaps if gap > CLOSE]
    doubtful = sum(row["metrics"].get("fit_doubtful") == 1 for row in below)
    return len(gaps) - len(below), len(below) - doubtful, doubtful, sum("failed" in row for row in stored.values())


def table_row(case: str, target: str, stored: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What many seeds of a case come to."""
    scores, ceilings = _scores(case, stored)
    good, short, doubtful, failed = _counts(case, stored)
    return {
        "regime": case,
        "target": target,
        "seeds": len(stored),
        "success": f"{good / len(stored):.0%}",
        "mean": _digits(scores, statistics.mean),
        "sd": _digits(scores, lambda values: statistics.stdev(values) if len(values) > 1 else 0.0),
        "worst": _digits(scores, min),
        "ceiling": _digits(ceilings, statistics.mean),
        "lowest ceiling": _digits(ceilings, min),
        "failed": failed,
        "undetermined": sum("undetermined" in row.get("oracle", "") for row in stored.values()),
        "doubtful": doubtful,
        "unannounced": short,
        "minutes": f"{statistics.mean(row['seconds'] for row in stored.values()) / 60:.1f}",
    }


def _remarks(case: str, target: str, stored: dict[str, dict[str, Any]]) -> Iterable[str]:
    name = headline(case)
    for seed in sorted(stored, key=int):
        row = stored[seed]
        gap = shortfall(case, row)
        if "failed" in row:
            oracle = f" The oracle: {row['oracle']}" if row.get("oracle") else ""
            yield f"* {case}, {target}, seed {seed}: {row['failed']}{oracle}"
        elif gap is None or gap > CLOSE:
            metrics = row["metrics"]
            seen = ", ".join(
                f"{key} {metrics[key]:.4g}"
                for key in (
                    name,
                    f"oracle_{name}",
                    f"{name}_identifiable",
                    "best_val_loss",
                    "oracle_condition_number",
                    "fit_doubtful",
                )
                if key in metrics
            )
            yield f"* {case}, {target}, seed {seed}: {seen}"


def _digits(values: list[float], of: Any) -> str:
    return f"{of(values):.4f}" if values else ""


def _names(text: str) -> list[str]:
    return text.split(",")


def _seeds(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


if __name__ == "__main__":
    main()
