"""Hill climbing, an arm of the search benchmark: one parameter of the best configuration moves to a random neighbour,
and the move is kept if that run scored higher. It stops nowhere and restarts nowhere.
"""

import numpy as np
from _search_evaluator import Evaluator, default_of, note
from _search_task import Task, Values

STEP = 0.1  # of the range of a number; choices move to the next one


def hill_climbing(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
    rng = np.random.default_rng([repetition, 11])
    evaluate = Evaluator(task, repetition)
    here = default_of(task, repetition)
    score = evaluate(here)  # None: failed, and whatever does not fail is higher
    found: dict[int, Values] = {}
    done = 1
    while done < budget:
        tried = [neighbour(task, here, rng) for _ in range(min(slots, budget - done))]
        for values in tried:
            value = evaluate(values)
            if value is not None and (score is None or value > score):
                here, score = values, value
        done += len(tried)
        note(found, done, budget, lambda here=here: here)
    return found


def neighbour(task: Task, values: Values, rng: np.random.Generator) -> Values:
    """Another value of one parameter: the next one up or down where choices are ordered, else any other; a number moves
    by STEP."""
    free = task.space.free()
    dimension = free[int(rng.integers(len(free)))]
    options = dimension.neighbours(values[dimension.name], STEP)
    return {**values, dimension.name: options[int(rng.integers(len(options)))]}
