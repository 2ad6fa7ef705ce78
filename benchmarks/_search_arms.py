"""Arms of the search benchmark: each runs one budget on one task and says which configuration it recommends, at a few
checkpoints on the way and at the end.

Every arm begins with the same default configuration. A draw is numbered by (repetition, configuration, how often it
ran), so that in one repetition all arms see the same noise where they run the same configuration.
"""

import hashlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from _search_tasks import Task, Values

from hydra_llm.search.optuna_bridge.mirror import OptunaMirror, quiet
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.bayes.proposer import BayesProposer, Parts
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialState

SCORE = Objective("score")
CHECKPOINTS = (5, 12, 24, 48, 100)
Arm = Callable[[Task, int, int, int], dict[int, Values]]  # (task, budget, slots, repetition) -> trials run -> choice


class Evaluator:
    """Counts runs of each configuration, so that a rerun is another draw."""

    def __init__(self, task: Task, repetition: int) -> None:
        self.task = task
        self.repetition = repetition
        self._runs: dict[str, int] = {}

    def __call__(self, values: Values) -> float:
        key = self.task.space.key(values)
        run = self._runs[key] = self._runs.get(key, -1) + 1
        digest = hashlib.sha256(f"{self.repetition}/{key}/{run}".encode()).digest()
        return self.task.evaluate(values, int.from_bytes(digest[:4], "big"))


def default_of(task: Task, repetition: int) -> Values:
    """The default of a repetition: a random configuration, since none of the suites has one."""
    return task.space.sample(np.random.default_rng([repetition, 7]))


def ours(make: Callable[[], Proposer], selection: str = "puct_rank", reward: str = "mean", reruns: bool = True) -> Arm:
    def run(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
        evaluate = Evaluator(task, repetition)
        wanted = Settings(
            space=task.space.with_defaults(default_of(task, repetition)),
            objective=SCORE,
            n_trials=budget,
            n_parallel=slots,
            seed=repetition,
            seed_keys=("seed",) if reruns else (),
            fresh_seeds=reruns,
            reward=reward,
        )
        study = Study(None, wanted, make_policy(selection, None), make(), argv=[])
        found: dict[int, Values] = {}
        while trials := study.ask(slots):
            for trial in study.launched(trials):
                value = evaluate(trial.values)
                study.tell(trial.number, Outcome(TrialState.COMPLETED, value=value))
            note(found, len(study.state.search), budget, lambda: study.best.values)  # type: ignore[union-attr]
        return found

    return run


def note(found: dict[int, Values], done: int, budget: int, best: Callable[[], Values]) -> None:
    """Keep the choice of now for the checkpoints that were just reached."""
    for point in {*CHECKPOINTS, budget}:
        if point not in found and point <= min(done, budget):
            found[point] = best()


def named(name: str, selection: str = "puct_rank") -> Arm:
    return ours(lambda: make_proposer(name, {}), selection)


def bayes(**parts: Any) -> Arm:
    second = parts.pop("second", None)
    reward = parts.pop("reward", "posterior")

    def make() -> Proposer:
        return BayesProposer(Parts(second=make_proposer(second, {}) if second else None, **parts))

    return ours(make, reward=reward)


def sampler(make: Callable[[int], Any]) -> Arm:
    """A sampler of Optuna as its users run it; it recommends the best value that it has seen."""

    def run(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
        import optuna

        space = task.space
        evaluate = Evaluator(task, repetition)
        mirror = OptunaMirror(space, SCORE)  # for its distributions and its decoding
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="maximize", sampler=make(repetition))
            default = mirror._encoded(default_of(task, repetition))
            assert default is not None
            study.enqueue_trial(default)
            best: tuple[float, Values] = (-np.inf, {})
            found: dict[int, Values] = {}
            done = 0
            while done < budget:
                asked = [study.ask(mirror._distributions) for _ in range(min(slots, budget - done))]
                for trial in asked:
                    values = space.canonical({k: mirror._decoded(k, v) for k, v in trial.params.items()})
                    value = evaluate(values)
                    study.tell(trial, value)
                    best = max(best, (value, values), key=lambda pair: pair[0])
                done += len(asked)
                note(found, done, budget, lambda best=best: best[1])
        return found

    return run


def _tpe(**more: Any) -> Arm:
    def make(seed: int) -> Any:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, **more)

    return sampler(make)


def _gp(seed: int) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=5, deterministic_objective=False)


def _cmaes(seed: int) -> Any:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, n_startup_trials=5, warn_independent_sampling=False)


def _random(seed: int) -> Any:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


def _sobol(seed: int) -> Any:
    from optuna.samplers import QMCSampler

    return QMCSampler(qmc_type="sobol", scramble=True, seed=seed)


ARMS: dict[str, Arm] = {
    "random": sampler(_random),
    "sobol": sampler(_sobol),
    "optuna-tpe": _tpe(),
    "optuna-tpe-5": _tpe(n_startup_trials=5),
    "optuna-gp-5": sampler(_gp),
    "optuna-cmaes-5": sampler(_cmaes),
    "rules": named("rules"),
    "rules, greedy": named("rules", "greedy"),
    "rules, ucb": named("rules", "ucb"),
    "rules, ucb1": named("rules", "ucb1"),
    "rules, random parent": named("rules", "random"),
    "tpe": named("tpe"),
    "cmaes": named("cmaes"),
    "bayes": bayes(),
    "bayes, TPE every fifth": bayes(second="tpe"),
    "bayes, TPE every second": bayes(second="tpe", period=2),
    "bayes, Sobol pool": bayes(sources=("spread",), climb=False),
    "bayes, Sobol pool and climb": bayes(sources=("spread",)),
    "bayes, no climb": bayes(climb=False),
    "bayes, no reruns": bayes(reruns=False),
    "bayes, no closing": bayes(closing=0.0),
    "bayes, best mean": bayes(reward="mean"),
}
