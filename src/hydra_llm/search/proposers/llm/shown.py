"""Which of the returned numbers a language model sees: those that the application names, in that order.

Never among them: the test split, which no search sees, unless it is the very metric that is searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hydra_llm.search.context import ORACLE_PREFIX, Context
from hydra_llm.search.statistics import history
from hydra_llm.search.trial.trial import Trial

TIME_METRICS = ("_time_min", "_time_s", "_seconds")  # endings of metrics that are wall-clock times
MAX_METRICS = 12  # of an application that names none
_WORD = r"(?<![A-Za-z])(?:[Tt]est(?![a-z])|TEST(?![A-Za-z]))"  # acc_test, test-acc, testAcc, TEST_loss
_HUMP = r"(?<=[a-z])Test(?![a-z])"  # accTest
_TEST = re.compile(f"{_WORD}|{_HUMP}")
_COUNT = re.compile(r"^(n_|num_|training_|train_|global_|optimi[sz]er_)*(steps?|epochs?)$")


@dataclass(frozen=True)
class Shown:
    """`per_trial` have a column in the table of trials, `per_recording` are the same in all runs on one recording;
    `left_out` were returned and are not shown.
    """

    per_trial: tuple[str, ...]
    per_recording: tuple[str, ...]
    left_out: tuple[str, ...]


def is_withheld(name: str) -> bool:
    """Whether a number is of the test split: `test` is one of the words of its name."""
    return _TEST.search(name) is not None


def is_count(name: str) -> bool:
    """Whether a number says how many steps or epochs a run took."""
    return _COUNT.search(name) is not None


def chosen(context: Context) -> Shown:
    scored = history.scored(context)
    returned = list(dict.fromkeys(name for trial in scored for name in trial.metrics))
    wanted = [
        *(n for n in returned if is_count(n) and n not in context.show),
        *(context.show or _first(context, returned)),
    ]
    if context.objectives is not None:
        wanted = dict.fromkeys([*context.objectives.names, *wanted])
    own = (context.objective.metric, context.meaning.minutes)  # these have columns of their own
    names = [name for name in wanted if name in returned and name not in own]
    sought = () if context.objectives is None else context.objectives.names
    names = [name for name in names if name in sought or not is_withheld(name)]
    others = [name for name in names if name not in sought]
    facts = {name for name in others if name.startswith(ORACLE_PREFIX) or _is_fact(context, scored, name)}
    left_out = [n for n in returned if n not in names and n not in own]
    return Shown(
        tuple(name for name in names if name not in facts),
        tuple(name for name in names if name in facts),
        tuple(name for name in left_out if not is_withheld(name)),
    )


def _first(context: Context, returned: Iterable[str]) -> list[str]:
    own = [n for n in returned if n != context.objective.metric and not n.startswith(ORACLE_PREFIX)]
    return [n for n in own if not n.endswith(TIME_METRICS) and not is_withheld(n)][:MAX_METRICS]


def _is_fact(context: Context, scored: list[Trial], name: str) -> bool:
    """Whether a number never differed between runs on one recording, where it could have."""
    by_recording: dict[int, set[float | None]] = {}
    for trial in scored:
        by_recording.setdefault(context.recordings.of(trial.number), set()).add(trial.metrics.get(name))
    return len(scored) > len(by_recording) + 1 and all(len(values) == 1 for values in by_recording.values())
