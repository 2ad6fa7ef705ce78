"""Arms of the search benchmark by Optuna: its samplers as its users run them.

They recommend the best value that they have seen. AutoSampler is a module of OptunaHub, which the package optunahub
fetches from its repository when it is first asked for, here the state of one commit.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from _search_evaluator import Evaluator, Run, default_of, note
from _search_task import Task, Values

from hydra_llm.search.optuna_bridge.mirror import OptunaMirror, quiet
from hydra_llm.search.trial.objective import Objective

HUB_COMMIT = "ee680199100edbd95e0000eb20696c3ec5505973"


def optuna_run(make: Callable[[int], Any]) -> Run:
    """Runs with the sampler that `make` gives for a seed."""

    def run(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
        import optuna

        space = task.space
        evaluate = Evaluator(task, repetition)
        mirror = OptunaMirror(space, Objective("score"))  # for its distributions and its decoding
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="maximize", sampler=make(repetition))
            default = mirror._encoded(default_of(task, repetition))
            assert default is not None
            study.enqueue_trial(default)
            best: tuple[float, Values] = (-np.inf, default_of(task, repetition))  # if every run fails
            found: dict[int, Values] = {}
            done = 0
            while done < budget:
                asked = [study.ask(mirror._distributions) for _ in range(min(slots, budget - done))]
                for trial in asked:
                    values = space.canonical({k: mirror._decoded(k, v) for k, v in trial.params.items()})
                    value = evaluate(values)
                    if value is None:
                        study.tell(trial, state=optuna.trial.TrialState.FAIL)
                        continue
                    study.tell(trial, value)
                    best = max(best, (value, values), key=lambda pair: pair[0])
                done += len(asked)
                note(found, done, budget, lambda best=best: best[1])
        return found

    return run


def tpe(**more: Any) -> Run:
    def make(seed: int) -> Any:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, **more)

    return optuna_run(make)


def gp(seed: int) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=5, deterministic_objective=False)


def cmaes(seed: int) -> Any:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, n_startup_trials=5, warn_independent_sampling=False)


def uniform(seed: int) -> Any:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


def sobol(seed: int) -> Any:
    from optuna.samplers import QMCSampler

    return QMCSampler(qmc_type="sobol", scramble=True, seed=seed)


def auto(seed: int) -> Any:
    import optunahub

    return optunahub.load_module("samplers/auto_sampler", ref=HUB_COMMIT).AutoSampler(seed=seed)
