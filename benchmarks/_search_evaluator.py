"""What every arm of the search benchmark shares: the same default first, the same draws, the same checkpoints.

A draw is numbered by (repetition, configuration, how often it ran), so that in one repetition all arms see the same
noise where they run the same configuration. With recordings, the first runs of all configurations are on one, the
second runs on the next, as the seeds of a sweep have it.
"""

import hashlib
from collections.abc import Callable

import numpy as np
from _search_task import Task, Values

CHECKPOINTS = (5, 12, 24, 48, 100)
Run = Callable[[Task, int, int, int], dict[int, Values]]  # (task, budget, slots, repetition) -> trials run -> choice


class Evaluator:
    """Counts runs of each configuration, so that a rerun is another draw."""

    def __init__(self, task: Task, repetition: int) -> None:
        self.task = task
        self.repetition = repetition
        self._runs: dict[str, int] = {}

    def __call__(self, values: Values) -> float | None:
        key = self.task.space.key(values)
        run = self._runs[key] = self._runs.get(key, -1) + 1
        if self.task.recordings:
            return self.task.evaluate(values, self.repetition + run)
        digest = hashlib.sha256(f"{self.repetition}/{key}/{run}".encode()).digest()
        return self.task.evaluate(values, int.from_bytes(digest[:4], "big"))


def default_of(task: Task, repetition: int) -> Values:
    """The default of a repetition: a random configuration, since none of the suites has one."""
    return task.space.sample(np.random.default_rng([repetition, 7]))


def note(found: dict[int, Values], done: int, budget: int, best: Callable[[], Values]) -> None:
    """Keep the choice of now for the checkpoints that were just reached."""
    for point in {*CHECKPOINTS, budget}:
        if point not in found and point <= min(done, budget):
            found[point] = best()
