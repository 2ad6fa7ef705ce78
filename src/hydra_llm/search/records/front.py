"""The Pareto front of a search with several objectives, for people and for optimization_results.yaml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.trial import Trial

MOST_SHOWN = 30  # members of the front in a terminal


def result_text(trial: Trial, settings: Settings) -> str:
    """The value of a trial, or of each objective, by name; the trial has one."""
    objectives = settings.objectives
    if objectives is None:
        return f"{settings.objective.name}={trial.value:.6g}"
    return objectives.text(objectives.values(trial.metrics))


def on_front(state: SweepState) -> dict[int, int]:
    """Trial -> number of its member of the front, for all runs of the configurations on it."""
    return {
        number: member.number
        for member in state.front
        for tree in state.trees.values()
        if member.number in tree
        for number in tree.node(member.number).trials
    }


def lines(state: SweepState, settings: Settings) -> list[str]:
    """How many configurations no other one beats, then each of them; [] without several objectives, or a result."""
    front, objectives = state.front, settings.objectives
    if objectives is None or not front:
        return []
    ended = sum(trial.value is not None for trial in state.search_trials())
    found = [f"Pareto front: {len(front)} of {ended} trials ({objectives.goal})"]
    for member in front[:MOST_SHOWN]:
        runs = f" (mean of {member.runs} runs)" if member.runs > 1 else ""
        params = ", ".join(f"{key}={value}" for key, value in state.trials[member.number].values.items())
        found.append(f"  trial {member.number}: {objectives.text(member.values)}{runs}, {params}")
    left = len(front) - MOST_SHOWN
    return [*found, *([f"  and {left} more, in optimization_results.yaml"] if left > 0 else [])]


def as_data(state: SweepState, objectives: Objectives, command: Callable[[Trial], str]) -> dict[str, Any]:
    """`solutions` as hydra-optuna-sweeper writes them, with number, runs, folder and command of each; `compromise` is
    the number of the one nearest to the ideal point.
    """
    solutions = []
    for member in state.front:
        trial = state.trials[member.number]
        solutions.append(
            {
                "params": dict(trial.values),
                "values": list(member.values),
                "number": trial.number,
                "runs": member.runs,
                "folder": trial.folder,
                "command": command(trial),
            }
        )
    best = state.best()
    return {
        "name": "llm_ucb",
        "metric": list(objectives.names),
        "direction": list(objectives.directions),
        "solutions": solutions,
        **({} if best is None else {"compromise": best.number}),
    }
