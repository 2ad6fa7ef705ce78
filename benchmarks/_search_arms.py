"""Arms of the search benchmark: each runs one budget on one task and says which configuration it recommends, at a few
checkpoints on the way and at the end.

An arm says what it is, and which version of which package it is an arm of; where that is not installed, it is left out
with a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import _search_optuna as by_optuna
from _search_climb import hill_climbing
from _search_evaluator import Evaluator, Run, default_of, note
from _search_smac import smac
from _search_task import Task, Values
from packaging.requirements import Requirement

from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.bayes.proposer import BayesProposer, Parts
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialError
from hydra_llm.search.trial.trial import TrialState

OPTUNA = "optuna==5.0.*"


@dataclass(frozen=True)
class Arm:
    run: Run
    what: str  # a phrase for the page
    needs: tuple[str, ...] = ()  # packages beside ours, as pip takes them

    def missing(self) -> str | None:
        """What must be installed before this arm can run here, None if nothing."""
        wanting = [f"{need} ({_found(need)})" for need in self.needs if not is_installed(need)]
        return ", ".join(wanting) or None


def is_installed(need: str) -> bool:
    """Whether a package is there in a version that `need`, as pip takes it, allows."""
    requirement = Requirement(need)
    try:
        return requirement.specifier.contains(version(requirement.name))
    except PackageNotFoundError:
        return False


def _found(need: str) -> str:
    name = Requirement(need).name
    try:
        return f"here is {version(name)}"
    except PackageNotFoundError:
        return "not installed"


def ours(make: Callable[[], Proposer], selection: str = "puct_rank", reward: str = "mean", reruns: bool = True) -> Run:
    def run(task: Task, budget: int, slots: int, repetition: int) -> dict[int, Values]:
        evaluate = Evaluator(task, repetition)
        wanted = Settings(
            space=task.space.with_defaults(default_of(task, repetition)),
            objective=Objective("score"),
            n_trials=budget,
            n_parallel=slots,
            seed=repetition,
            seed_keys=("seed",) if reruns else (),
            fresh_seeds=reruns and not task.recordings,  # seeds of a recording that configurations share
            reward=reward,
        )
        study = Study(None, wanted, make_policy(selection, None), make(), argv=[])
        found: dict[int, Values] = {}
        while trials := study.ask(slots):
            for trial in study.launched(trials):
                study.tell(trial.number, _outcome(evaluate(trial.values)))
            note(found, len(study.state.search), budget, lambda: _best(study))
        return found

    return run


def _outcome(value: float | None) -> Outcome:
    if value is None:
        return Outcome(TrialState.FAILED, error=TrialError("FitFailed", "The fit does not beat a constant."))
    return Outcome(TrialState.COMPLETED, value=value)


def _best(study: Study) -> Values:
    """What is recommended; the default if every run failed."""
    return study.settings.space.baseline() if study.best is None else dict(study.best.values)


def named(name: str, what: str, selection: str = "puct_rank", needs: tuple[str, ...] = ()) -> Arm:
    return Arm(ours(lambda: make_proposer(name, {}), selection), what, needs)


def bayes(what: str, **parts: Any) -> Arm:
    second = parts.pop("second", None)
    reward = parts.pop("reward", "posterior")

    def make() -> Proposer:
        return BayesProposer(Parts(second=make_proposer(second, {}) if second else None, **parts))

    return Arm(ours(make, reward=reward), what, (OPTUNA,) if second else ())


def sampler(make: Callable[[int], Any], what: str, *needs: str) -> Arm:
    return Arm(by_optuna.optuna_run(make), what, needs or (OPTUNA,))


ARMS: dict[str, Arm] = {
    "random": sampler(by_optuna.uniform, "uniform draws, `RandomSampler`"),
    "sobol": sampler(by_optuna.sobol, "a scrambled Sobol sequence, `QMCSampler`"),
    "hill climbing": Arm(hill_climbing, "one parameter moves to a random neighbour; kept if that run scored higher"),
    "optuna-tpe": Arm(by_optuna.tpe(), "`TPESampler` as it comes: multivariate, 10 trials at random", (OPTUNA,)),
    "optuna-tpe-5": Arm(by_optuna.tpe(n_startup_trials=5), "the same with 5 trials at random", (OPTUNA,)),
    "optuna-4.9-tpe": Arm(
        by_optuna.tpe(), "`TPESampler` of Optuna 4.9 as it comes: parameters one by one", ("optuna==4.9.0",)
    ),
    "optuna-gp-5": sampler(
        by_optuna.gp, "`GPSampler(deterministic_objective=False)`, 5 trials at random", OPTUNA, "torch", "scipy"
    ),
    "optuna-auto": sampler(
        by_optuna.auto,
        "OptunaHub's AutoSampler: `GPSampler` where all parameters are numbers, else `TPESampler`",
        *(OPTUNA, "optunahub==0.5.0", "torch", "scipy", "cmaes"),
    ),
    "optuna-cmaes-5": sampler(by_optuna.cmaes, "`CmaEsSampler`, 5 trials at random", OPTUNA, "cmaes"),
    "smac": Arm(smac(), "SMAC3's `HyperparameterOptimizationFacade` as it comes", ("smac==2.4.1",)),
    "smac, once each": Arm(
        smac(once=True),
        "the same with `deterministic=True`: a configuration runs once",
        ("smac==2.4.1",),
    ),
    "rules": named("rules", "proposer `rules`, selection `puct_rank`"),
    "rules, greedy": named("rules", "the same with selection `greedy`", "greedy"),
    "rules, ucb": named("rules", "the same with selection `ucb`", "ucb"),
    "rules, ucb1": named("rules", "the same with selection `ucb1`", "ucb1"),
    "rules, random parent": named("rules", "the same with selection `random`", "random"),
    "tpe": named("tpe", "proposer `tpe`", needs=(OPTUNA,)),
    "cmaes": named("cmaes", "proposer `cmaes`", needs=("cmaes",)),
    "bayes": bayes("proposer `bayes`, the default of `llm_ucb` without a model"),
    "bayes, TPE every fifth": bayes("every fifth trial by TPE", second="tpe"),
    "bayes, TPE every second": bayes("every second trial by TPE", second="tpe", period=2),
    "bayes, Sobol pool": bayes("candidates from a Sobol sequence alone, no climb", sources=("spread",), climb=False),
    "bayes, Sobol pool and climb": bayes("candidates from a Sobol sequence alone", sources=("spread",)),
    "bayes, no climb": bayes("candidates are not improved by coordinate ascent", climb=False),
    "bayes, no reruns": bayes("no configuration runs twice", reruns=False),
    "bayes, no closing": bayes("expected improvement to the last trial", closing=0.0),
    "bayes, best mean": bayes("recommends the best mean instead of the best posterior mean", reward="mean"),
}

PEERS = ("optuna-tpe", "optuna-tpe-5", "optuna-4.9-tpe", "optuna-gp-5", "optuna-auto", "optuna-cmaes-5")
PEERS += ("smac", "smac, once each", "hill climbing", "sobol", "random")  # that our default is compared with, in words
