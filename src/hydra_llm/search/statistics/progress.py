"""How a block is going: branching rate, improvement rate, plateau, run lengths.

All are computed from records, never from a proposer's own account. `Rates` is part of what every proposer reads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from hydra_llm.search.context import MIN_WINDOW, Progress
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.trial import Trial, TrialState

LOW_BRANCHING = 0.20  # below: the search runs in a chain, add branching
HIGH_BRANCHING = 0.80  # above: it never follows up, look for boundaries
LOW_IMPROVEMENT = 0.30  # below: exploit more
HIGH_IMPROVEMENT = 0.80  # above: explore more
PLATEAU_BAND = 0.05  # half width, as a share of the middle 80 % of the results so far
PLATEAU_RUN = 3  # results in the band that make a plateau
LATEST = 512  # trials and configurations that rates are counted over: far more than a block, and bounded in long sweeps


def window_of(n_iter_block: int) -> int:
    """A quarter of a block, at least three trials."""
    return max(MIN_WINDOW, n_iter_block // 4)


def measure(trials: Sequence[Trial], records: Recordings, n_iter_block: int, noise_floor: float) -> Progress:
    """Rates over one block's finished search trials, in order of number.

    Branching: share of the last n_iter_block/4 mutations whose parent is not the configuration of the trial before.
    Improvement: share of scored mutations that beat the parent beyond chance.
    `noise_floor`: of single runs, on the scale of tree/recordings.py; it counts where pairs say nothing.
    """
    tree = records.tree
    finished = [trial for trial in trials[-LATEST:] if trial.state.is_finished]
    window = window_of(n_iter_block)
    steps = [
        (before, trial)
        for before, trial in itertools.pairwise(finished)
        if trial.proposal.parent in tree and before.number in tree and trial.proposal.changes
    ][-window:]
    parents = [tree.node(trial.proposal.parent).id for _, trial in steps]  # type: ignore[arg-type]
    jumps = [parent != tree.node(before.number).id for (before, _), parent in zip(steps, parents, strict=True)]

    judged = [records.has_improved(node, noise_floor) for node in tree.latest_scored(LATEST)]
    gains = [improved for improved in judged if improved is not None]
    return Progress(
        branching=sum(jumps) / len(jumps) if jumps else None,
        distinct_parents=len(set(parents)),
        improvement=sum(gains) / len(gains) if gains else None,
        failure=sum(t.state.is_bad for t in finished) / len(finished) if finished else None,
        plateau=_is_plateau(finished, records, noise_floor),
        window=window,
    )


def _is_plateau(finished: Sequence[Trial], records: Recordings, noise_floor: float) -> bool:
    """Of the latest configurations, on the recordings that they share; of the latest scores where there are none."""
    completed = [trial for trial in finished if trial.state is TrialState.COMPLETED and trial.value is not None]
    couples = list(itertools.combinations(_latest(completed, records.tree), 2))
    if records.pair_noise is None or any(records.pair(*couple) is None for couple in couples):
        return _scores_are_level(completed, records, noise_floor)
    width = band([records.estimates[node.id] for node in records.tree.latest_scored(LATEST)])
    level = [records.is_even(*couple) or _distance(records, *couple) <= width for couple in couples]
    return len(level) == math.comb(PLATEAU_RUN, 2) and all(level)


def _latest(completed: Sequence[Trial], tree: Tree) -> list[Node]:
    """The configurations that a plateau is made of."""
    ids = dict.fromkeys(tree.node(trial.number).id for trial in reversed(completed))
    return [tree.node(number) for number in itertools.islice(ids, PLATEAU_RUN)]


def _distance(records: Recordings, node: Node, other: Node) -> float:
    pair = records.pair(node, other)
    return math.inf if pair is None else abs(pair.mean_on_scale)


def _scores_are_level(completed: Sequence[Trial], records: Recordings, noise_floor: float) -> bool:
    scores = [records.scaled(records.objective.score(trial.value)) for trial in completed if trial.value is not None]
    tail = scores[-PLATEAU_RUN:]
    return len(tail) == PLATEAU_RUN and max(tail) - min(tail) <= max(2.0 * noise_floor, band(scores))


def band(scaled: Sequence[float]) -> float:
    """Width within which results count as one, in whatever unit the scale has."""
    low, high = np.quantile(scaled, (0.1, 0.9))
    return 2.0 * PLATEAU_BAND * float(high - low)
