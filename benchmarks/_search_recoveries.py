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
