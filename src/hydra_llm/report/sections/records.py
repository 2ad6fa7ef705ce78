"""Rows of the tables: variance over reruns, blocks and regimes, failures, all trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hydra_llm.report.sections.cards import changes_text, difference
from hydra_llm.report.sections.tree import regime
from hydra_llm.report.svg import short
from hydra_llm.report.timeline import Timeline
from hydra_llm.search.context import Progress
from hydra_llm.search.log.reader import Sweep
from hydra_llm.search.records import confirmation
from hydra_llm.search.records.authors import author
from hydra_llm.search.statistics import progress, variance
from hydra_llm.search.trial.trial import PROMOTED, Trial, TrialState

MOST_TRACEBACK = 1500
ALSO = ("connectivity_R2", "tau_R2", "V_rest_R2", "cluster_accuracy")  # of the published variance table, where returned


@dataclass(frozen=True)
class VarianceBlock:
    index: int
    regime: str
    floor: float | None
    rows: list[variance.VarianceRow]
    others: dict[str, dict[int, variance.MetricSpread]]  # metric -> node -> its spread over the runs
    labels: dict[int, str]  # node -> what differs from the baseline


@dataclass(frozen=True)
class BlockRow:
    index: int
    regime: str
    chosen_by: str
    reason: str
    refused: str
    trials: int
    configurations: int
    failures: int
    best: int | None
    best_value: float | None
    best_runs: int
    baseline_value: float | None
    floor: float | None
    progress: Progress


@dataclass(frozen=True)
class FailureGroup:
    """Trials that ended in the same way: state and error type."""

    state: str
    kind: str
    message: str
    trials: list[Trial]
    traceback: str


def variance_blocks(sweep: Sweep) -> list[VarianceBlock]:
    state, settings = sweep.state, sweep.settings
    found = []
    for block in state.blocks:
        tree = state.trees[block.index]
        table = variance.rows(tree, settings.objective, settings.thresholds, state.trials)
        labels = {row.node: _label(sweep, tree.node(row.node).values) for row in table}
        floor = tree.noise_floor if tree.replicated() else None
        others = {}
        for name in ALSO:
            spreads = {row.node: variance.spread_of(tree.node(row.node), name, state.trials) for row in table}
            known = {node: spread for node, spread in spreads.items() if spread is not None}
            if known and name != settings.objective.name:
                others[name] = known
        found.append(VarianceBlock(block.index, regime(block), floor, table, others, labels))
    return found


def references(sweep: Sweep) -> list[confirmation.Beside]:
    """What the search recommends beside every arm of the confirmation, in the metrics of the variance table."""
    return confirmation.beside(sweep.state, sweep.settings.objective, ALSO)


def _label(sweep: Sweep, values: dict[str, Any]) -> str:
    changed = sweep.settings.space.changed(sweep.settings.space.baseline(), values)
    return ", ".join(f"{name.split('.')[-1]}={short(values.get(name))}" for name in changed) or "baseline"


def block_rows(sweep: Sweep) -> list[BlockRow]:
    state, objective = sweep.state, sweep.settings.objective
    found = []
    for block in state.blocks:
        tree, trials = state.trees[block.index], state.block_trials(block.index)
        floor, records = tree.noise_floor, state.recordings(block.index)
        best, root = tree.best(), state.baseline(block.index)
        found.append(
            BlockRow(
                block.index,
                regime(block),
                block.chosen_by,
                block.reason,
                block.refused,
                len(trials),
                len(tree),
                sum(t.state.is_bad for t in trials),
                None if best is None else best.id,
                None if best is None or best.mean is None else objective.value_of_score(best.mean),
                0 if best is None else best.runs,
                None if root is None or root.mean is None else objective.value_of_score(root.mean),
                floor if tree.replicated() else None,
                progress.measure(trials, records, sweep.settings.block_size, records.noise_floor),
            )
        )
    return found


def failure_groups(sweep: Sweep) -> list[FailureGroup]:
    """Most frequent first. Stopped early (PRUNED) is an end of its own and listed too."""
    groups: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in sweep.state.trials.values():
        if trial.state.is_finished and trial.state is not TrialState.COMPLETED:
            kind = "" if trial.error is None else trial.error.type
            message = "" if trial.error is None else trial.error.message
            # a message that names a number of steps or a file would make a group of each trial
            groups.setdefault((trial.state.value, kind, message if len(message) < 200 else message[:200]), []).append(
                trial
            )
    rows = []
    for (state, kind, message), trials in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        last = trials[-1].error
        rows.append(
            FailureGroup(state, kind, message, trials, "" if last is None else last.traceback[-MOST_TRACEBACK:])
        )
    return rows


@dataclass(frozen=True)
class TrialRow:
    number: int
    block: int
    state: str
    value: float | None
    parent: str
    what: str
    strategy: str
    by: str
    seconds: float | None
    step: int
    objectives: tuple[float | None, ...] = ()  # where there are several


def trial_rows(sweep: Sweep, when: Timeline) -> list[TrialRow]:
    """Every trial, confirmation included, in order of number."""
    found, several = [], sweep.settings.objectives
    for trial in sweep.state.trials.values():
        proposal = trial.proposal
        beyond = trial.purpose != "search"
        what = "full recipe of" if trial.purpose == PROMOTED else "confirms"
        who = author(trial, sweep.settings.space)
        what = f"{what} {proposal.parent}, {trial.budget}" if beyond else changes_text(difference(sweep, trial))
        found.append(
            TrialRow(
                trial.number,
                trial.block,
                trial.state.value,
                trial.value,
                "root" if proposal.parent is None else str(proposal.parent),
                what or "rerun, no change",
                proposal.strategy,
                who if len(who) < 40 else who[:39] + "…",
                trial.duration,
                when.told.get(trial.number, when.steps),
                tuple(trial.metrics.get(name) for name in several.names) if several is not None else (),
            )
        )
    return found
