"""Our own recoveries as tasks of the search benchmark: real fits by the shipped pipeline, from the recording alone, of
every configuration of a grid on five recordings (search_tables.py makes the tables, _recovery_grids.py has the grids).

One evaluation is the run on one recording, a failed fit a failed trial. As in our sweeps, the first runs of all
configurations are on one recording, which differs between repetitions, and further runs of a configuration on the
next ones, in the same order for all. The true value is the mean over the recordings; there a fit that failed, or whose
score is below FLOOR, counts FLOOR: how wrong useless rate constants are does not matter. Optimum and median are those
of the whole table.
"""

import json
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _search_task import Task, Values

from hydra_llm.search.space.space import Categorical, Space

TABLES = Path(__file__).with_suffix(".json")
FLOOR = -1.0  # an R2 as far below that of a constant guess as a perfect one is above


def names() -> list[str]:
    return [f"recoveries/{name}" for name in tables()]


def task(name: str) -> Task:
    table = tables()[name.partition("/")[2]]
    choices = {key: tuple(values) for key, values in table["choices"].items()}
    places = {code: place for place, code in enumerate(product(*map(range, map(len, choices.values()))))}
    scores = as_array(table)
    worth = true_values(scores)
    best, middle = float(worth.max()), float(np.median(worth))
    dimensions = tuple(
        Categorical(name=key, choices=options, ordered=True, default=options[0]) for key, options in choices.items()
    )

    def place(values: Values) -> int:
        return places[tuple(options.index(values[key]) for key, options in choices.items())]

    def evaluate(values: Values, draw: int) -> float | None:
        score = scores[place(values), draw % scores.shape[1]]
        return None if np.isnan(score) else float(score)

    def quality(values: Values) -> float:
        return (float(worth[place(values)]) - middle) / (best - middle)

    return Task(name, "recoveries", Space(dimensions), evaluate, quality, recordings=scores.shape[1])


@cache
def tables() -> dict[str, dict[str, Any]]:
    return json.loads(TABLES.read_text(encoding="utf-8"))


def as_array(table: Mapping[str, Any]) -> np.ndarray:
    """Scores [configuration, recording], nan where the fit failed."""
    return np.array(table["scores"], dtype=float)


def true_values(scores: np.ndarray) -> np.ndarray:
    return floored(scores).mean(1)


def floored(scores: np.ndarray) -> np.ndarray:
    return np.maximum(np.nan_to_num(scores, nan=FLOOR), FLOOR)


def facts(name: str) -> dict[str, Any]:
    """What a table holds, as a row of the page: how many fits failed, and what the scores, floored, differ by."""
    table = tables()[name]
    scores = as_array(table)
    whole = floored(scores)
    by_configuration, by_recording = whole.mean(1), whole.mean(0)
    rest = whole - by_configuration[:, None] - by_recording[None, :] + whole.mean()
    spread = float(((whole - whole.mean()) ** 2).mean())
    again = [(whole[place, table["recordings"].index(r)], _floored(score)) for place, r, score in table["again"]]
    chance = np.array([first - second for first, second in again])
    return {
        "table": name,
        "configurations": " x ".join(str(len(values)) for values in table["choices"].values()),
        "fits": scores.size,
        "failed": f"{100 * np.isnan(scores).mean():.0f} %",
        "failed by recording": ", ".join(f"{100 * share:.0f} %" for share in np.isnan(scores).mean(0)),
        "best, median true value": f"{by_configuration.max():.3f}, {np.median(by_configuration):.3f}",
        "variance between configurations": f"{100 * by_configuration.var() / spread:.0f} %",
        "between recordings": f"{100 * by_recording.var() / spread:.0f} %",
        "left": f"{100 * (rest**2).mean() / spread:.0f} %",
        "sd of a fit again": f"{np.sqrt((chance**2).mean() / 2):.3f}" if len(chance) else "",
    }


def _floored(score: float | None) -> float:
    return float(floored(np.array([score], dtype=float))[0])
