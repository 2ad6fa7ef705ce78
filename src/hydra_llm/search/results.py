"""Files of a sweep folder for people, written anew from the state: results, scores, variance, analysis, memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from hydra_llm.search import confirmation, noise, rates, tables, variance_table
from hydra_llm.search.selection.base import SelectionPolicy
from hydra_llm.search.settings import Settings
from hydra_llm.search.state import SweepState
from hydra_llm.search.trial import Trial, TrialState

Command = Callable[[Trial], str]


def write_aside(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def results_data(state: SweepState, settings: Settings, command: Command) -> dict[str, Any]:
    """What optimization_results.yaml holds: the winner with number, folder and command, the counts, the confirmation.

    `selected_value` is what the search saw and is biased upwards by the selection; `confirmation` is not.
    """
    data: dict[str, Any] = {
        "name": "llm_ucb",
        "metric": settings.objective.name,
        "direction": settings.objective.direction,
    }
    if settings.objective.target is not None:
        data["target"] = settings.objective.target
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
            "provenance": best.proposal.provenance,
        }
        root = state.trees[best.block].root
        if root is not None and root.mean is not None:
            baseline = state.trials[root.id]
            data["baseline"] = {"number": root.id, "params": dict(root.values), "selected_value": baseline.value}
    data["trials"] = counts(state)
    data["proposed_by"] = provenances(state)
    if state.confirmations:
        data["confirmation"] = confirmation.as_data(state)
    return data


def counts(state: SweepState) -> dict[str, int]:
    """Search trials by state, and rejected proposals."""
    found: dict[str, int] = {}
    for trial in state.search_trials():
        found[trial.state.value] = found.get(trial.state.value, 0) + 1
    if state.rejections:
        found["REJECTED"] = len(state.rejections)
    return found


def provenances(state: SweepState) -> dict[str, int]:
    """How many search trials each proposer really proposed."""
    found: dict[str, int] = {}
    for trial in state.search_trials():
        found[trial.proposal.provenance] = found.get(trial.proposal.provenance, 0) + 1
    return found


def write_results(folder: Path, state: SweepState, settings: Settings, command: Command) -> None:
    data = results_data(state, settings, command)
    write_aside(folder / "optimization_results.yaml", yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


def write_scores(
    folder: Path, state: SweepState, settings: Settings, policy: SelectionPolicy, ranking: list[tuple[int, float]]
) -> None:
    text = tables.ucb_table(state, ranking, settings, policy)
    spread = tables.variance_table(state.tree, settings) if state.blocks else ""
    write_aside(folder / "ucb_scores.txt", text + (f"\nReplicated configurations\n{spread}" if spread else ""))
    if spread:
        write_aside(folder / "variance.md", variance_table.markdown(state, settings))


def analysis_entry(trial: Trial, state: SweepState, settings: Settings) -> str:
    """One entry of analysis.md. It is written for people; no program reads it back."""
    proposal = trial.proposal
    verdict = trial.state.value.lower()
    if trial.value is not None and settings.thresholds is not None:
        verdict = settings.thresholds.classify(settings.objective, trial.value)
    parent = "root" if proposal.parent is None else proposal.parent
    lines = [
        f"## Iter {trial.number}: {verdict}",
        f"Node: id={trial.number}, parent={parent}",
        f"Mode/Strategy: {proposal.role}/{proposal.strategy} (by {proposal.provenance})",
        "Config: " + ", ".join(f"{key}={value}" for key, value in trial.values.items()),
    ]
    if trial.metrics:
        lines.append("Metrics: " + ", ".join(f"{key}={value:.4g}" for key, value in trial.metrics.items()))
    if trial.error is not None:
        head = "Stopped early" if trial.state is TrialState.PRUNED else "Error"
        lines.append(f"{head}: {trial.error}")
    lines.append(f"Mutation: {proposal.mutation}")
    lines += [
        f"{head}: {text}" for head, text in (("Hypothesis", proposal.hypothesis), ("Note", proposal.note)) if text
    ]
    lines += [f"Observation: {note.text}" for note in state.notes if note.number == trial.number]
    return "\n".join(lines) + "\n\n"


def write_analysis(folder: Path, state: SweepState, settings: Settings) -> None:
    """All search entries of all blocks in order of number, the blocks named where the sweep has several."""
    parts, block = [], 0
    for trial in state.search_trials():
        if not trial.state.is_finished:
            continue
        if settings.n_iter_block and trial.block != block:
            block = trial.block
            values = ", ".join(f"{key}={value}" for key, value in state.blocks[block - 1].values.items())
            parts.append(f"# Block {block}" + (f": {values}" if values else "") + "\n\n")
        parts.append(analysis_entry(trial, state, settings))
    write_aside(folder / "analysis.md", "".join(parts))


def write_memory(folder: Path, state: SweepState, settings: Settings) -> None:
    """memory.md: what is known so far."""
    write_aside(folder / "memory.md", memory_text(state, settings, len(state.blocks)))


def memory_text(state: SweepState, settings: Settings, block: int) -> str:
    """What is known at a block (0: before the first), from records, then the notes of the proposers; later blocks are
    left out.
    """
    objective = settings.objective
    lines = ["# Working memory", "", "## Best configurations"]
    if block:
        tree = state.trees[block]
        for node in tree.top(MEMORY_ROWS):
            mean = objective.value_of_score(node.mean or 0.0)
            values = ", ".join(f"{key}={value}" for key, value in node.values.items())
            lines.append(f"- node {node.id}: {objective.name}={mean:.4g} over {node.runs} run(s); {values}")
        floor = noise.noise_floor(tree)
        trials = state.block_trials(block)
        measured = rates.measure(trials, tree, objective, settings.block_size, floor)
        lines += ["", "## State of the block", f"- {tables.rates_line(measured)}"]
        lines.append(
            f"- noise floor: {floor:.4g}" if floor else "- noise floor: not measured, nothing was repeated yet"
        )
    stopped = [trial for trial in state.search_trials() if trial.error is not None and trial.block <= block]
    failed = [trial for trial in stopped if trial.state is not TrialState.PRUNED][-MEMORY_ROWS:]
    if failed:
        lines += ["", "## Failures"]
        lines += [f"- trial {t.number} ({t.proposal.mutation}): {str(t.error).splitlines()[0]}" for t in failed]
    notes = [note for note in state.notes if note.kind == "memory" and note.block <= block]
    if notes:
        lines += ["", "## Notes"] + [f"- {note.text} ({note.by})" for note in notes]
    return "\n".join(lines) + "\n"


MEMORY_ROWS = 8
