"""COCO's noisy functions (bbob-noisy) as tasks of the search benchmark: all thirty, f101 to f130, in five dimensions,
instance 1; chosen before any arm had run on one of them.

Ten landscapes under noise of three kinds, moderate or severe: multiplicative (log-normal), multiplicative with values
up to ten orders of magnitude too high, and added outliers (Cauchy). Since the last has no mean, the true value of a
point is the median of its draws. COCO does not say where the optimum is: 1 is the best point of REFERENCE, a long
search by CMA-ES of medians. Its noise is one stream per process, so an arm run again draws other noise.

python benchmarks/_search_functions.py                 # make REFERENCE again: five minutes of a core
"""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from _search_task import Task, Values

from hydra_llm.search.space.space import Float, Space

DIMENSION, LOW, HIGH = 5, -5.0, 5.0
FUNCTIONS = range(101, 131)
REFERENCE = Path(__file__).with_suffix(".json")
DRAWS = 1001  # of a point, for its median
NAMES = tuple(f"x{i}" for i in range(DIMENSION))


def names() -> list[str]:
    return [f"bbob-noisy/f{number}" for number in FUNCTIONS]


def task(name: str) -> Task:
    number = int(name.rpartition("/f")[2])
    best, middle = (_reference()[str(number)][kind] for kind in ("best", "middle"))
    space = Space(tuple(Float(name=x, low=LOW, high=HIGH, default=0.0) for x in NAMES))
    problem = _problem(number)

    def evaluate(values: Values, draw: int) -> float:
        return -float(problem(_point(values)))

    def quality(values: Values) -> float:
        return (middle - _median(problem, _point(values))) / (middle - best)

    return Task(name, "bbob-noisy", space, evaluate, quality)


def _problem(number: int) -> Any:
    return _suite().get_problem_by_function_dimension_instance(number, DIMENSION, 1)


@cache
def _suite() -> Any:
    import cocoex

    return cocoex.Suite("bbob-noisy", "", f"dimensions:{DIMENSION} instance_indices:1")


@cache
def _reference() -> dict[str, dict[str, float]]:
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def _point(values: Values) -> np.ndarray:
    return np.array([values[x] for x in NAMES])


def _median(problem: Any, x: np.ndarray, draws: int = DRAWS) -> float:
    return float(np.median([problem(x) for _ in range(draws)]))


def reference(number: int) -> dict[str, float]:
    """best: of three searches of 3,000 medians each; middle: median over 500 random points."""
    problem = _problem(number)
    rng = np.random.default_rng(number)
    random = [_median(problem, x, 201) for x in rng.uniform(LOW, HIGH, (500, DIMENSION))]
    best = min(_searched(partial(_median, problem, draws=51), rng) for _ in range(3))
    return {"best": float(f"{best:.8g}"), "middle": float(f"{np.median(random):.6g}")}


def _searched(median: Any, rng: np.random.Generator) -> float:
    from cmaes import CMA

    bounds = np.tile([LOW, HIGH], (DIMENSION, 1))
    optimizer = CMA(rng.uniform(LOW, HIGH, DIMENSION), 2.0, bounds=bounds, seed=int(rng.integers(2**31)))
    best = np.inf
    for _ in range(3000 // optimizer.population_size):
        told = [(x, median(x)) for x in (optimizer.ask() for _ in range(optimizer.population_size))]
        optimizer.tell(told)
        best = min(best, *(value for _, value in told))
    return best


if __name__ == "__main__":
    found = {}
    for number in FUNCTIONS:
        found[str(number)] = reference(number)
        print(number, found[str(number)], flush=True)
    REFERENCE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
