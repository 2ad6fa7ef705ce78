"""Facts about a block that strategies ask for: streaks, last mutations, which dimensions were tried and what they
gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hydra_llm.search.context import Context, Thresholds
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.strategy_names import known_as
from hydra_llm.search.trial.trial import Trial

RECORD_WINDOW = 512  # latest configurations that a parameter's record is read from: keeps one decision cheap


def finished(context: Context) -> list[Trial]:
    """The block's finished search trials in order of number."""
    return context.finished


def scored(context: Context) -> list[Trial]:
    """Those of them that have a value."""
    return [trial for trial in context.finished if trial.value is not None]


def latest_finished(context: Context) -> Iterator[Trial]:
    """The finished ones, latest first, without looking at more of them than asked for."""
    return (trial for trial in reversed(context.block_trials) if trial.state.is_finished)


def success_streak(context: Context) -> int:
    """How many of the latest finished trials in a row were successes; 0 without thresholds."""
    return _streak(context, lambda limits, value: limits.is_success(context.objective, context.objective.score(value)))


def converged_streak(context: Context) -> int:
    """The same of those that converged: at the limit is a success, and not converged yet."""
    return _streak(context, lambda limits, value: limits.classify(context.objective, value) == "converged")


def _streak(context: Context, counts: Callable[[Thresholds, float], bool]) -> int:
    limits = context.thresholds
    if limits is None:
        return 0
    streak = 0
    for trial in latest_finished(context):
        if trial.value is None or not counts(limits, trial.value):
            break
        streak += 1
    return streak


def new_best(context: Context) -> Node | None:
    """The configuration with the best estimate on equal recordings, while it ran once and its rerun is not on its way;
    None where seeds never vary.
    """
    best = next(iter(context.recordings.ranked), None)
    return best if context.seed_keys and best is not None and best.runs + best.pending == 1 else None


def partial_improvement(context: Context, count: int) -> int:
    """How many of the latest finished trials in a row are partial, where that is at least `count` and one of the latest
    `count` - 1 is above the one before them by more than the noise; 0 otherwise. On the scale of tree/recordings.py.
    """
    streak, records = partial_streak(context), context.recordings
    if len(streak) < count:
        return 0
    before, *after = map(records.scaled, streak[-count:])
    return len(streak) if max(after) > before + records.noise_floor else 0


def partial_streak(context: Context) -> list[float]:
    """Scores of the latest finished trials in a row that are neither converged nor failed, oldest first."""
    limits = context.thresholds
    streak: list[float] = []
    for trial in latest_finished(context):
        if limits is None or trial.value is None or limits.classify(context.objective, trial.value) != "partial":
            break
        streak.append(context.objective.score(trial.value))
    return streak[::-1]


def dimension_streak(context: Context) -> tuple[str | None, int]:
    """The parameter that the latest mutations in a row moved, and how many they are; reruns are skipped."""
    key, streak = None, 0
    for trial in reversed(context.block_trials):
        keys = {change.key for change in trial.proposal.changes}
        if not keys:
            continue
        if len(keys) > 1 or (key is not None and keys != {key}):
            break
        key = next(iter(keys))
        streak += 1
    return key, streak


def sequential_streak(context: Context) -> int:
    """How many of the latest mutations in a row branched from the trial just before them."""
    streak = 0
    trials = context.block_trials
    for before, trial in zip(reversed(trials[:-1]), reversed(trials[1:]), strict=True):
        parent = trial.proposal.parent
        if parent is None or parent not in context.tree or before.number not in context.tree:
            break
        if context.tree.node(parent).id != context.tree.node(before.number).id:
            break
        streak += 1
    return streak


def recent_nodes(context: Context, count: int) -> set[int]:
    """Node ids of the latest `count` trials."""
    trials = [trial for trial in context.block_trials if trial.number in context.tree]
    return {context.tree.node(trial.number).id for trial in trials[-count:]}


def last_strategy(context: Context) -> str:
    trials = context.block_trials
    return known_as(trials[-1].proposal.strategy) if trials else ""


def was_done(context: Context, strategy: str) -> bool:
    """Whether any trial of the block had this strategy."""
    return any(known_as(trial.proposal.strategy) == strategy for trial in context.block_trials)


@dataclass(frozen=True)
class DimensionRecord:
    """What moving one parameter gave so far: times tried, and the best gain over the parent on the scale of
    tree/recordings.py (never negative).
    """

    tried: int = 0
    best_gain: float = 0.0


def dimension_records(context: Context) -> dict[str, DimensionRecord]:
    """One record per parameter of the space, over the latest configurations of the block's tree."""
    tried = dict.fromkeys(context.space.names, 0)
    gains = dict.fromkeys(context.space.names, 0.0)
    for node in context.tree.nodes[-RECORD_WINDOW:]:
        parent = context.tree.parent(node)
        if parent is None:
            continue
        for name in context.space.changed(parent.values, node.values):
            tried[name] += 1
            gains[name] = max(gains[name], gain(context, node) or 0.0)
    return {name: DimensionRecord(tried[name], gains[name]) for name in context.space.names}


def least_moved(context: Context) -> set[str]:
    """The parameters that were moved least often."""
    records = dimension_records(context)
    fewest = min((record.tried for record in records.values()), default=0)
    return {name for name, record in records.items() if record.tried == fewest}


def gain(context: Context, node: Node) -> float | None:
    """What a node gained over its parent on equal recordings, on the scale of tree/recordings.py: near a ceiling in
    digits of the distance to it. None if either is unscored.
    """
    return context.recordings.gain(node)


def converged_nodes(context: Context, most: int) -> list[Node]:
    """The best `most` nodes above the converged limit, best first; without thresholds those in the top quarter that
    beat the baseline by more than the noise, on the scale of tree/recordings.py.
    """
    tree, records = context.tree, context.recordings
    if context.thresholds is not None:
        limit = records.scaled(context.objective.score(context.thresholds.converged))
    elif (start := tree.baseline or tree.root) is None or start.mean is None:
        return []
    else:
        limit = records.scaled(float(tree.estimates[start.index])) + records.noise_floor
        most = min(most, max(2, int(np.isfinite(tree.rewards).sum()) // 4))
    return [node for node in tree.top(most) if node.scores and records.scaled(tree.estimates[node.index]) > limit]
