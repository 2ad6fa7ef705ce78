"""The two tables of our own recoveries that benchmarks/search.py searches: every configuration of a grid on five
recordings, each trained by the shipped pipeline from the recording alone.

    python benchmarks/search_tables.py                 # train what is missing, then write the tables; an hour of a core
    python benchmarks/search_tables.py --pack          # write the tables from the runs so far

Runs are stored as soon as they end (results/search_tables_runs.jsonl, not under version control) and not repeated, so
the same command continues where it was stopped. Smaller grids come first; the largest that is complete is written, to
_search_recoveries.json. Recording r is simulated and trained with seed r. A few cells are trained again with
another seed of the training, for what is left to chance when recording and configuration are equal.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from _family_runs import composed, measured
from _recovery_grids import GRIDS, whole
from _report import RESULTS, ROOT
from _search_recoveries import TABLES
from _stored import store, stored

RUNS = RESULTS / "search_tables_runs.jsonl"
COMMAND = "python benchmarks/search_tables.py"
AGAIN = 8  # configurations of each core that are trained twice on every recording
OTHER = 1000  # added to the seed of the training there
Cell = tuple[str, str, int, int]  # grid, configuration as JSON, recording, seed of the training


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tables of our own recoveries.")
    parser.add_argument("--tasks", nargs="+", default=list(GRIDS), choices=list(GRIDS))
    parser.add_argument("--limit", type=int, help="stop after so many runs")
    parser.add_argument("--pack", action="store_true", help="train nothing, write the tables")
    options = parser.parse_args()
    if not options.pack:
        work(options.tasks, options.limit)
    tables = {name: table for name in GRIDS if (table := packed(name, stored(RUNS))) is not None}
    TABLES.write_text(written(tables), encoding="utf-8")
    for name, table in tables.items():
        shape = " x ".join(str(len(values)) for values in table["choices"].values())
        print(f"{name}: {shape} configurations, recordings {table['recordings']}")


def work(names: Sequence[str], limit: int | None) -> None:
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # before torch is imported
    done = {cell_of(row) for row in stored(RUNS)}
    every = list(cells(names))
    left = [cell for cell in every if cell not in done][:limit]
    print(f"{len(every)} runs, {len(every) - len(left)} done before or beyond the limit", flush=True)
    began, spent = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as datasets:
        for count, cell in enumerate(left, start=1):
            score = trained(cell, datasets)
            store(RUNS, dict(zip(("task", "values", "recording", "training", "score"), (*cell, score), strict=True)))
            if count % 25 == 0:
                wall = time.monotonic() - began
                rest = wall / count * (len(left) - count)
                core = (time.process_time() - spent) / count
                print(
                    f"{count}/{len(left)} runs, {wall:.0f} s, about {rest:.0f} s to go; {core:.2f} s of a core each",
                    flush=True,
                )


def cells(names: Sequence[str]) -> Iterable[Cell]:
    """The cores and their second trainings, then what the grids grow by, in turn."""
    largest = max(len(GRIDS[name].later) for name in names)
    for grown in range(largest + 1):
        for name in names:
            for values in GRIDS[name].added(grown) if grown <= len(GRIDS[name].later) else []:
                for recording in GRIDS[name].recordings:
                    yield name, json.dumps(values), recording, recording
        for name in names if grown == 0 else []:
            for values in sample(name):
                for recording in GRIDS[name].recordings:
                    yield name, values, recording, recording + OTHER


def sample(name: str) -> list[str]:
    """Configurations of the core that are trained twice."""
    core = [json.dumps(values) for values in whole(GRIDS[name].choices(0))]
    chosen = np.random.default_rng(0).choice(len(core), AGAIN, replace=False)
    return [core[place] for place in sorted(chosen)]


def cell_of(row: Mapping[str, Any]) -> Cell:
    return row["task"], row["values"], row["recording"], row["training"]


def trained(cell: Cell, datasets: str) -> float | None:
    """The metric of the search; None for a fit that failed."""
    name, values, recording, training = cell
    declared = GRIDS[name].declared
    own = {**json.loads(values), "training.seed": training}
    found = measured(_recording(name, recording, datasets), declared, own)
    return None if found is None else found[str(declared.metric)]


@cache
def _recording(name: str, recording: int, datasets: str) -> Any:
    return composed([*GRIDS[name].words, f"paths.datasets={datasets}", f"seed={recording}"])


def packed(name: str, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The largest grid that is complete, None if not even its core is. Scores in the order of `whole`, by recording."""
    grid = GRIDS[name]
    scores = {cell_of(row): row["score"] for row in rows}
    for grown in range(len(grid.later), -1, -1):
        choices = grid.choices(grown)
        wanted = [[(name, json.dumps(v), r, r) for r in grid.recordings] for v in whole(choices)]
        if all(cell in scores for own in wanted for cell in own):
            again = [
                [place, r, _rounded(scores[other])]
                for place, values in enumerate(whole(choices))
                for r in grid.recordings
                if (other := (name, json.dumps(values), r, r + OTHER)) in scores
            ]
            return {
                "command": COMMAND,
                "commit": _commit(),
                "date": date.today().isoformat(),
                "run": " ".join(grid.words),
                "metric": str(grid.declared.metric),
                "choices": {key: list(values) for key, values in choices.items()},
                "recordings": list(grid.recordings),
                "scores": [[_rounded(scores[cell]) for cell in own] for own in wanted],
                "again": again,
            }
    return None


def _rounded(score: float | None) -> float | None:
    return None if score is None else float(f"{score:.5g}")


def written(tables: Mapping[str, Any]) -> str:
    """JSON, one entry of a table a line."""
    parts = []
    for name, table in tables.items():
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in table.items())
        parts.append(f"{json.dumps(name)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(parts) + "}\n"


def _commit() -> str:
    shown = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return shown.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
