"""The summary of a block in analysis.md: its simulation, the best it gave, what its protocol did, and what follows."""

from __future__ import annotations

from typing import Any

from hydra_llm.search.log.events import BlockRecord
from hydra_llm.search.log.memory_entries import fold
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.block_evaluation import evaluate, lines
from hydra_llm.search.memory.predictions import calibration, forecasts
from hydra_llm.search.memory.predictions import summary as predicted
from hydra_llm.search.number_text import value_text
from hydra_llm.search.settings import Settings


def block_summary(record: BlockRecord, state: SweepState, settings: Settings) -> str:
    """All that is due at the end of a block: the summary, the evaluation of its rules, the documented edit of the
    protocol.
    """
    wanted, name = settings.log_format.summary, settings.objective.name
    tree, trials = state.trees[record.index], state.block_trials(record.index)
    numbers = f"iters {trials[0].number}-{trials[-1].number}" if trials else "no iterations"
    found = [f"## Simulation Block {record.index} Summary ({numbers})", f"Simulation: {_simulation(record, settings)}"]
    best = tree.best()
    if best is None or best.mean is None:
        found += [f"Best {name}: none, no trial has a score", "Converged: No"]
    else:
        trial = state.trials[best.id]
        mean = settings.objective.value_of_score(best.mean)
        over = f" (mean of {best.runs} runs)" if best.runs > 1 else ""
        found.append(f"Best {name}: {value_text(mean)} at iter {best.id}{over}")
        others = [(metric, trial.metrics[metric]) for metric in wanted.best if metric in trial.metrics]
        if others:
            text = ", ".join(f"{metric}: {value_text(value)}" for metric, value in others)
            found.append(f"Best {text}")
        if settings.thresholds is not None:
            converged = settings.thresholds.is_success(settings.objective, best.mean)
            found.append(f"Converged: {'Yes' if converged else 'No'}")
    found.append(f"Observation: {_observation(record, state, settings)}")
    if best is not None:
        values = {**settings.constants, **record.values, **best.values}
        labels = wanted.optimum or {key: key for key in best.values}
        optimum = ", ".join(f"{label}={value_text(values.get(key, '-'))}" for label, key in labels.items())
        found.append(f"Optimum training: {optimum}")
    told = predicted(calibration(forecasts(state, record.index)))
    if told:
        found.append(f"Predictions: {told}")
    records = state.recordings(record.index)
    judged = evaluate(trials, records, settings.nominal_block, records.noise_floor)
    found += ["", "### Evaluation of the rules", *lines(judged), "", "### Edit of the protocol", *_edit(record, state)]
    return "\n".join(found) + "\n\n"


def new_block(record: BlockRecord, settings: Settings) -> str:
    """The separator, and the simulation that follows with who chose it."""
    found = ["--- NEW SIMULATION BLOCK ---", f"Next simulation: {_simulation(record, settings)}"]
    if record.chosen_by:
        found.append(f"Chosen by: {record.chosen_by}" + (f", {record.reason}" if record.reason else ""))
    if record.refused:
        found.append(f"A choice was refused: {record.refused}")
    return "\n".join(found) + "\n\n"


def _simulation(record: BlockRecord, settings: Settings) -> str:
    values: dict[str, Any] = {**settings.constants, **record.values}
    wanted = settings.log_format.summary.simulation
    labels = {label: key for label, key in wanted.items() if key in values}
    labels |= {key: key for key in record.values if key not in labels.values()}
    return ", ".join(f"{label}={value_text(values[key])}" for label, key in labels.items()) or "as configured"


def _observation(record: BlockRecord, state: SweepState, settings: Settings) -> str:
    """The proposer's summary of the block, else counts."""
    entries = fold(state.edits, block=record.index).values()
    told = [entry.text for entry in entries if entry.kind == "summary" and entry.block == record.index]
    if told:
        return " ".join(told)
    trials = state.block_trials(record.index)
    ended = [trial for trial in trials if trial.state.is_finished]
    failed = sum(trial.state.is_bad for trial in ended)
    text = f"{len(ended)} trials ended, {failed} of them without a result"
    if settings.thresholds is not None:
        verdicts = [settings.thresholds.classify(settings.objective, trial.value) for trial in ended]
        text += "; " + ", ".join(f"{verdicts.count(word)} {word}" for word in ("converged", "partial", "failed"))
    running = len(trials) - len(ended)
    return text + (f"; {running} still running" if running else "")


def _edit(record: BlockRecord, state: SweepState) -> list[str]:
    edit = state.protocol_copy.edits.get(record.index)
    if edit is None:
        return ["None was made."]
    if edit.rules is None:
        return [f"No changes needed: {edit.reason} (by {edit.by})"]
    diff = state.protocol_copy.diff(record.index)
    if not diff:
        return [f"The rules were sent unchanged: {edit.reason} (by {edit.by})"]
    return [f"Changed by {edit.by}: {edit.reason}", "", "```diff", diff.rstrip("\n"), "```"]
