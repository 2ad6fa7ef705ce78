"""Which searcher finds what, on tasks that nobody here wrote and two recoveries of ours; in-process, without launcher.

    python benchmarks/search.py                                  the tables of the page, resumed from the runs so far
    python benchmarks/search.py --suites hpolib --arms random bayes --repetitions 0 10
    python benchmarks/search.py --table                          the page again, from the runs so far

A run is (task, arm, budget, slots, repetition). Each is appended to results/search.jsonl when it has ended and is not
run again; at the end the file is packed (_search_runs.py). An arm whose package is not installed, or only in another
version, is left out with a sentence (_search_arms.py).

Arms and repetitions are paired: the same default configuration first, and on recorded trainings the same noise for the
same configuration. The value of a run is the true one of the configuration that the method recommends.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from _report import RESULTS
from _search_arms import ARMS, is_installed
from _search_evaluator import default_of
from _search_runs import pack, read
from _search_tasks import SUITES, task

RUNS = RESULTS / "search.jsonl"
Key = tuple[str, str, int, int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare searchers on third-party tasks and our recoveries.")
    parser.add_argument("--suites", nargs="+", default=list(SUITES), choices=SUITES)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), metavar="ARM")
    parser.add_argument("--trials", type=int, nargs="+", default=[24], help="budgets")
    parser.add_argument("--slots", type=int, nargs="+", default=[1])
    parser.add_argument("--repetitions", type=int, nargs=2, default=[10, 40], help="from, to (exclusive)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where runs are appended")
    parser.add_argument("--table", action="store_true", help="run nothing, write the page")
    options = parser.parse_args()
    if not options.table:
        work(options)
        pack(options.runs)
    from _search_page import publish_page

    publish_page(read(options.runs), written=options.runs == RUNS)


def work(options: argparse.Namespace) -> None:
    done = {key_of(row) for row in read(options.runs)}
    arms = installed(options.arms)
    suites = [suite for suite in options.suites if found(suite)]
    tasks = [name for suite in suites for name in SUITES[suite].names()]
    keys: list[Key] = [
        (name, arm, budget, slots, repetition)
        for repetition in range(*options.repetitions)
        for budget in options.trials
        for slots in options.slots
        for name in tasks
        for arm in arms
    ]
    left = [key for key in keys if key not in done]
    print(f"{len(keys)} runs, {len(keys) - len(left)} done before", flush=True)
    began = time.monotonic()
    options.runs.parent.mkdir(parents=True, exist_ok=True)
    with options.runs.open("a") as file:
        for count, row in enumerate(results(left, options.jobs), start=1):
            file.write(json.dumps(row) + "\n")
            file.flush()
            if count % max(1, len(left) // 50) == 0:
                spent = time.monotonic() - began
                rest = spent / count * (len(left) - count)
                print(f"{count}/{len(left)} runs, {spent:.0f} s, about {rest:.0f} s to go", flush=True)


def found(suite: str) -> bool:
    """Whether the package of a suite is installed; if not, that it is left out is said."""
    package = SUITES[suite].package
    there = package is None or is_installed(package)
    if not there:
        print(f"{suite} is left out: it needs {package}, which is not installed. pip install {package}")
    return there


def installed(arms: Sequence[str]) -> list[str]:
    """The arms that can run here; of each other one it is said what it needs."""
    missing = {arm: ARMS[arm].missing() for arm in arms}
    for arm, what in missing.items():
        if what:
            print(
                f"{arm} is left out: it needs {what}. Use an environment of its own if other arms need another version."
            )
    return [arm for arm in arms if not missing[arm]]


def results(keys: list[Key], jobs: int) -> Iterable[dict[str, Any]]:
    if jobs == 1:
        yield from map(run, keys)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run, keys, chunksize=8)


def run(key: Key) -> dict[str, Any]:
    name, arm, budget, slots, repetition = key
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    problem = task(name)
    began = time.process_time()
    chosen = ARMS[arm].run(problem, budget, slots, repetition)
    curve = {str(point): round(problem.quality(values), 6) for point, values in sorted(chosen.items())}
    return {
        "task": name,
        "arm": arm,
        "trials": budget,
        "slots": slots,
        "repetition": repetition,
        "quality": curve[str(budget)],
        "curve": curve,
        "default": round(problem.quality(default_of(problem, repetition)), 6),
        "cpu_s": round(time.process_time() - began, 3),
    }


def key_of(row: dict[str, Any]) -> Key:
    return row["task"], row["arm"], row["trials"], row["slots"], row["repetition"]


if __name__ == "__main__":
    main()
