"""Arms of the search benchmark by SMAC3: its facade for hyperparameters, a random forest, by ask and tell.

As it comes, the facade runs a promising configuration up to three times, with `once` it runs each configuration once.
Its forest is fitted again after every eighth configuration (`retrain_after`), two or three times in 24 trials; after
every one, a run costs 30 s.
SMAC recommends its incumbent. The default is told before the first question, so it counts as a trial.
"""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from _search_evaluator import Evaluator, Run, default_of, note
from _search_task import Task, Values


def smac(*, once: bool = False) -> Run:
    def run(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
        from smac.runhistory.dataclasses import TrialInfo

        evaluate = Evaluator(task, repetition)
        logging.getLogger("smac").setLevel(logging.ERROR)
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer = _facade(task, budget, slots, repetition, Path(folder), once=once)
            configuration = _configuration(task, optimizer.scenario.configspace, default_of(task, repetition))
            asked = [TrialInfo(configuration, seed=0)]
            found: dict[int, Values] = {}
            done, worst = 0, 0.0
            while True:
                for trial in asked:
                    score = evaluate(_values(task, trial.config))
                    optimizer.tell(trial, _told(score, worst), save=False)
                    worst = worst if score is None else min(worst, score)
                done += len(asked)
                note(found, done, budget, lambda: _values(task, optimizer.intensifier.get_incumbent()))
                if done == budget:
                    return found
                asked = [optimizer.ask() for _ in range(min(slots, budget - done))]

    return run


def _told(score: float | None, worst: float) -> Any:
    """What a run gave; one that failed costs what the worst so far cost."""
    from smac.runhistory.dataclasses import TrialValue
    from smac.runhistory.enumerations import StatusType

    return TrialValue(cost=-worst, status=StatusType.CRASHED) if score is None else TrialValue(cost=-score)


def _facade(task: Task, budget: int, slots: int, seed: int, folder: Path, *, once: bool) -> Any:
    from smac import HyperparameterOptimizationFacade as Facade
    from smac import Scenario

    scenario = Scenario(
        _space(task), output_directory=folder, deterministic=once, n_trials=budget, seed=seed, n_workers=1
    )
    return Facade(scenario, logging_level=False, overwrite=True)


def _space(task: Task) -> Any:
    """Numbers as they are, ordered choices by their rank, the others by name, as Optuna's samplers see them."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    space = ConfigurationSpace()
    for dimension in task.space.dimensions:
        if dimension.kind == "float":
            space.add(Float(dimension.name, (dimension.low, dimension.high)))
            continue
        last = len(dimension.choices) - 1
        kind = Integer(dimension.name, (0, last)) if dimension.ordered else Categorical(dimension.name, range(last + 1))
        space.add(kind)
    return space


def _configuration(task: Task, space: Any, values: Values) -> Any:
    from ConfigSpace import Configuration

    return Configuration(space, {d.name: _coded(d, values[d.name]) for d in task.space.dimensions})


def _values(task: Task, configuration: Any) -> Values:
    return task.space.canonical({d.name: _value(d, configuration[d.name]) for d in task.space.dimensions})


def _coded(dimension: Any, value: Any) -> Any:
    return value if dimension.kind == "float" else dimension.index(value)


def _value(dimension: Any, code: Any) -> Any:
    return code if dimension.kind == "float" else dimension.choices[int(code)]
