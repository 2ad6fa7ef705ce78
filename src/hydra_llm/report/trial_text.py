"""One trial for a terminal: what it was, how it differs from its parent, what was expected, what came."""

from __future__ import annotations

import json
import shlex
from typing import Any

from hydra_llm.config_flags import config_flags
from hydra_llm.report.errors import LookupFailure
from hydra_llm.search.log.events import Launched, Session
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.memory.predictions import judged
from hydra_llm.search.records.authors import BASELINE, author, byline
from hydra_llm.search.records.confirmation import in_full
from hydra_llm.search.records.front import on_front, result_text
from hydra_llm.search.statistics.pool_record import standing_text
from hydra_llm.search.trial.trial import Trial

TRIALS = ".trials"  # the plugin writes a file per job there
MOST_METRICS = 60


def find_trial(sweep: Sweep, number: int) -> Trial:
    """Raises LookupFailure with the numbers that there are."""
    trial = sweep.state.trials.get(number)
    if trial is None:
        numbers = sorted(sweep.state.trials)
        known = f"{numbers[0]} to {numbers[-1]}" if numbers else "none yet"
        raise LookupFailure(f"{sweep.folder} holds no trial {number}. There are {known}.")
    return trial


def launch_record(sweep: Sweep, number: int) -> dict[str, Any]:
    """What the sweeper wrote down when it launched a trial (command, cwd, ...); {} for sweeps of older versions."""
    try:
        found = json.loads((sweep.folder / TRIALS / f"{number}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def command_of(sweep: Sweep, trial: Trial) -> str:
    """The single run that repeats a trial. Raises LookupFailure where it was not recorded."""
    command = launch_record(sweep, trial.number).get("command")
    if not command:
        raise LookupFailure(
            f"The command of trial {trial.number} is not on record in {sweep.folder}. The overrides of a trial are in "
            "<trial>/.hydra/overrides.yaml."
        )
    flags = config_flags(_argv(sweep, trial.number))
    if not flags or config_flags(shlex.split(command)):
        return str(command)
    return f"{command} {shlex.join(flags)}"  # recorded by a version that left them out


def _argv(sweep: Sweep, number: int) -> tuple[str, ...]:
    """The words of the command that launched a trial, () for one that none launched."""
    now = sweep.header.argv
    found: tuple[str, ...] = ()
    for event in sweep.events:
        if isinstance(event, Session):
            now = event.argv
        elif isinstance(event, Launched) and number in event.numbers:
            found = now
    return found


def command_with(sweep: Sweep, trial: Trial, key: str, other: Trial) -> str:
    """The command of a trial with one override as another trial had it; without it where that had none.

    Raises LookupFailure where a command was not recorded, or does not set the key.
    """
    words, given = (shlex.split(command_of(sweep, one)) for one in (trial, other))
    if not any(_key(word) == key for word in words):
        raise LookupFailure(f"The command of trial {trial.number} does not set {key}.")
    instead = [word for word in given if _key(word) == key]
    return shlex.join([new for word in words for new in (instead if _key(word) == key else [word])])


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+")


def confirmed_twin(sweep: Sweep, trial: Trial) -> Trial:
    """A confirmation run of the same configuration at the full budget. Raises LookupFailure where there is none."""
    twin = in_full(sweep.state, trial.number)
    if twin is None:
        raise LookupFailure(
            f"Trial {trial.number} was not confirmed at the full budget, so no such command is on record. "
            "Leave --full out."
        )
    return twin


def trial_text(sweep: Sweep, trial: Trial) -> str:
    """Plain text, a heading per part; parts without content are left out."""
    proposal, objective = trial.proposal, sweep.settings.objective
    head = f"Trial {trial.number} · {trial.state.value}"
    if trial.value is not None:
        head += f" · {_result(sweep, trial)}"
    lines = [head]
    parent = "the root of its block" if proposal.parent is None else f"trial {proposal.parent}"
    who = author(trial, sweep.settings.space)
    said = byline(who) if who == BASELINE else f"proposed {byline(who)}"
    lines.append(f"block {trial.block}, {proposal.role}, strategy {proposal.strategy}, {said}")
    if trial.purpose != "search":
        lines.append(f"a {trial.purpose} run at the {trial.budget} budget")
    lines += _part(f"Against {parent}", _difference(sweep, trial))
    lines += _part("Configuration", [f"{key} = {value}" for key, value in trial.values.items()])
    lines += _part("Seeds", [f"{key} = {value}" for key, value in trial.seeds.items()])
    lines += _part("Why", [text for text in (proposal.hypothesis, proposal.note, _quoted(proposal.principle)) if text])
    lines += _part("Prediction", _prediction(sweep, trial))
    beside = standing_text(trial, objective)
    lines += _part("Beside the pool of the Gaussian process", [beside] if beside else [])
    lines += _part("Metrics", [f"{name} = {value:.6g}" for name, value in list(trial.metrics.items())[:MOST_METRICS]])
    lines += _part("Observations", [f"{n.text} ({n.by})" for n in sweep.state.notes if n.number == trial.number])
    if trial.error is not None:
        lines += _part("Error", [str(trial.error), *trial.error.traceback.rstrip().splitlines()])
    lines += _part("Run", _circumstances(sweep, trial))
    return "\n".join(lines) + "\n"


def _part(title: str, rows: list[str]) -> list[str]:
    return ["", title, *(f"  {row}" for row in rows)] if rows else []


def _difference(sweep: Sweep, trial: Trial) -> list[str]:
    rows = [str(change) for change in trial.proposal.changes] or ["no change: a rerun, or a baseline"]
    parent = sweep.state.trials.get(trial.proposal.parent) if trial.proposal.parent is not None else None
    if parent is not None and parent.value is not None and trial.value is not None:
        rows += _moved(sweep, parent, trial)
    return rows


def _result(sweep: Sweep, trial: Trial) -> str:
    if sweep.settings.objectives is None:
        return f"{sweep.settings.objective.name} {trial.value:.6g}"
    where = " · on the Pareto front" if trial.number in on_front(sweep.state) else ""
    return result_text(trial, sweep.settings) + where


def _moved(sweep: Sweep, parent: Trial, trial: Trial) -> list[str]:
    """The metric, or each objective, before and after."""
    several = sweep.settings.objectives
    if several is None:
        return [f"{sweep.settings.objective.name}: {parent.value:.6g} -> {trial.value:.6g}"]
    return [f"{name}: {parent.metrics[name]:.6g} -> {trial.metrics[name]:.6g}" for name in several.names]


def _prediction(sweep: Sweep, trial: Trial) -> list[str]:
    prediction = trial.proposal.prediction
    if prediction is None:
        return []
    rows = [f"{prediction.low:.6g} to {prediction.high:.6g} (80 %): {prediction.statement}"]
    if prediction.refuted_if:
        rows.append(f"refuted if: {prediction.refuted_if}")
    rows.append(f"outcome: {judged(trial).status}")
    return rows


def _circumstances(sweep: Sweep, trial: Trial) -> list[str]:
    record = launch_record(sweep, trial.number)
    seconds = trial.duration
    rows = [f"folder: {trial.folder}"] if trial.folder else []
    rows += [f"wall time: {seconds:.1f} s"] if seconds is not None else []
    rows += [f"launches: {trial.attempt}"] if trial.attempt > 1 else []
    rows += [f"code: {record['revision']}"] if record.get("revision") else []
    return rows + ([f"again: {command_of(sweep, trial)}"] if record.get("command") else [])


def _quoted(principle: str | None) -> str:
    return f"puts to the test: {principle}" if principle else ""
