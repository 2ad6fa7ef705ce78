"""Files of a sweep folder for people, written anew from the state: results, scores, variance, memory, hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from hydra_llm.atomic_write import write_text
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory import predictions
from hydra_llm.search.records import confirmation, front, full_budget, ucb_scores, variance_table
from hydra_llm.search.records.authors import author
from hydra_llm.search.records.memory_text import memory_text
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.trial.trial import Trial

Command = Callable[[Trial], str]


def results_data(state: SweepState, settings: Settings, command: Command) -> dict[str, Any]:
    """What optimization_results.yaml holds: the winner with number, folder and command, the counts, the confirmation;
    with several objectives the Pareto front in the winner's place.

    `selected_value` is what the search saw and is biased upwards by the selection; `confirmation` is not.
    """
    if settings.objectives is not None:
        return front.as_data(state, settings.objectives, command) | _origins(state)
    data: dict[str, Any] = {
        "name": "llm_ucb",
        "metric": settings.objective.name,
        "direction": settings.objective.direction,
    }
    if settings.objective.target is not None:
        data["target"] = settings.objective.target
    data |= full_budget.as_data(state, settings.objective)
    best = state.best()
    if best is not None:
        node = state.trees[best.block].node(best.number)
        assert node.mean is not None  # the best node is scored
        data["best"] = {
            "number": best.number,
            "folder": best.folder,
            "command": command(best),
            "params": dict(best.values),
            "selected_value": settings.objective.value_of_score(node.mean)
            if settings.objective.direction != "target"
            else best.value,
            "runs": node.runs,
            "block": best.block,
            "strategy": best.proposal.strategy,
            "provenance": str(best.proposal.provenance),
        }
        root = state.baseline(best.block)
        if root is not None and root.mean is not None:
            baseline = state.trials[root.id]
            data["baseline"] = {"number": root.id, "params": dict(root.values), "selected_value": baseline.value}
    if len(bests := state.bests()) > 1:
        data["regimes"] = [
            {
                "values": dict(state.block_values(trial)),
                "best": {"number": trial.number, "selected_value": trial.value, "params": dict(trial.values)},
            }
            for trial in bests
        ]
    data |= _origins(state)
    beside = pool_record(state.search_trials(), settings.objective)
    if beside.line:
        data["model_and_pool"] = asdict(beside)
    if state.confirmations:
        data["confirmation"] = confirmation.as_data(state)
    return data


def _origins(state: SweepState) -> dict[str, Any]:
    return {"trials": counts(state), "proposed_by": authors(state)}


def counts(state: SweepState) -> dict[str, int]:
    """Search trials by state, and rejected proposals."""
    found: dict[str, int] = {}
    for trial in state.search_trials():
        found[trial.state.value] = found.get(trial.state.value, 0) + 1
    if state.rejections:
        found["REJECTED"] = len(state.rejections)
    return found


def authors(state: SweepState) -> dict[str, int]:
    """How many search trials each proposer really proposed; the baseline is nobody's."""
    found: dict[str, int] = {}
    for trial in state.search_trials():
        who = author(trial, state.space)
        found[who] = found.get(who, 0) + 1
    return found


def write_results(folder: Path, state: SweepState, settings: Settings, command: Command) -> None:
    data = results_data(state, settings, command)
    write_text(folder / "optimization_results.yaml", yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


def write_scores(
    folder: Path, state: SweepState, settings: Settings, policy: SelectionPolicy, ranking: list[tuple[int, float]]
) -> None:
    text = ucb_scores.ucb_table(state, ranking, settings, policy)
    spread = ucb_scores.variance_table(state.tree, settings) if state.blocks else ""
    write_text(folder / "ucb_scores.txt", text + (f"\nReplicated configurations\n{spread}" if spread else ""))
    if spread:
        write_text(folder / "variance.md", variance_table.markdown(state, settings))


def write_memory(folder: Path, state: SweepState, settings: Settings) -> None:
    """memory.md: what is known so far; hypotheses.md where somebody predicted something."""
    write_text(folder / "memory.md", memory_text(state, settings, len(state.blocks)))
    ledger = predictions.markdown(state, settings)
    if ledger:
        write_text(folder / "hypotheses.md", ledger)
