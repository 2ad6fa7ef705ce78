"""A task of the search benchmark: a space, a noisy score and the true one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hydra_llm.search.space.space import Space

Values = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """`evaluate` gives the score of one run, larger is better, None if the run failed; `quality` is the true value of a
    configuration on a scale where 1 is the optimum and 0 the median of random draws. `recordings`: how many recordings
    the draws run through, which configurations share; 0: every run is a draw of its own.
    """

    name: str
    suite: str
    space: Space
    evaluate: Callable[[Values, int], float | None]  # (configuration, number of the draw)
    quality: Callable[[Values], float]
    recordings: int = 0
