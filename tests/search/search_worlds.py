"""Small worlds for tests of the search: a space, an objective, a noisy bowl, and a study run to its end."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.study import Study
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialError, from_result
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Change, Proposal, Trial, TrialState

SPACE = Space(
    (
        Float(name="lr", low=1e-4, high=1.0, log=True, default=0.3),
        Integer(name="depth", low=1, high=20, default=2),
        Categorical(name="net", choices=("a", "b", "c"), default="a"),
    )
)
OBJECTIVE = Objective("R2")
LOST = Outcome(TrialState.LOST, error=TrialError("LOST", "killed"))


def bowl(trial: Trial, noise: float = 0.01) -> dict[str, float]:
    """Best at lr = 10^-2.2, depth 7, net b or c; the noise depends on the seeds alone."""
    v = trial.values
    draw = random.Random(trial.seeds.get("seed", 0)).gauss(0.0, noise)
    value = 1.0 - 0.1 * (math.log10(v["lr"]) + 2.2) ** 2 - 0.02 * abs(v["depth"] - 7) - 0.1 * (v["net"] == "a")
    return {"R2": value + draw}


def settings(**more: Any) -> Settings:
    return Settings(**{"space": SPACE, "objective": OBJECTIVE, "n_trials": 12, "n_parallel": 1, "seed": 0, **more})


def open_study(folder: Path, wanted: Settings, proposer: str = "rules", **more: Any) -> Study:
    return Study(folder, wanted, make_policy("puct_rank", None), make_proposer(proposer, {}), argv=["t"], **more)


def run_study(study: Study, task: Callable[[Trial], Any] = bowl, stop_after: int | None = None) -> list[Trial]:
    """Ask and tell until the study is over, or until so many trials were told; returns all trials by number."""
    told = 0
    while not study.is_over and not study.must_stop:
        asked = study.ask(study.settings.n_parallel)
        for trial in study.launched(asked):
            study.tell(trial.number, outcome_of(task, trial, study))
            told += 1
            if told == stop_after:
                study.log.close()
                return list(study.state.trials.values())
    return list(study.state.trials.values())


def lose_running(study: Study) -> Study:
    """Tell that every trial which was running left no result."""
    for number in list(study.state.running):
        study.tell(number, LOST)
    return study


def outcome_of(task: Callable[[Trial], Any], trial: Trial, study: Study) -> Outcome:
    result = task(trial)
    return result if isinstance(result, Outcome) else from_result(result, study.settings.reads, folder="f")


def comparable(trials: list[Trial]) -> list[tuple[Any, ...]]:
    """What must be equal between two sweeps: everything but times and attempts."""
    return [(t.number, t.block, t.proposal, t.state, t.value, t.seeds, t.purpose, t.budget) for t in trials]


def trial(number: int, parent: int | None, value: float | None = None, **values: Any) -> Trial:
    """A finished trial (RUNNING without a value) whose changes are computed from nothing: give `values` only."""
    full = SPACE.canonical(values)
    changes = tuple(Change(key, None, new) for key, new in values.items()) if parent is not None else ()
    outcome = None if value is None else Outcome(TrialState.COMPLETED, value)
    return Trial(number, 1, Proposal(0, "free", "exploit", parent, full, changes, provenance=Provenance("t")), outcome)


def ended(trial: Trial, **fields: Any) -> Trial:
    """The trial with another outcome: what is not named stays."""
    return replace(trial, outcome=replace(trial.outcome or Outcome(TrialState.COMPLETED), **fields))


def tree_of(*trials: Trial) -> Tree:
    return Tree(SPACE, OBJECTIVE, trials)


def recordings_of(trials: list[Trial], ceiling: float | None = None) -> Recordings:
    return Recordings(Tree(SPACE, OBJECTIVE, trials, ceiling=ceiling), trials, OBJECTIVE, ceiling)
