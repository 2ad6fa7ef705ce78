"""How a block is going: branching rate, improvement rate, plateau, run lengths.

All are computed from records, never from a proposer's own account. `Rates` is part of what every proposer reads.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from hydra_llm.search.context import MIN_WINDOW, Progress
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

LOW_BRANCHING = 0.20  # below: the search runs in a chain, add branching
HIGH_BRANCHING = 0.80  # above: it never follows up, look for boundaries
LOW_IMPROVEMENT = 0.30  # below: exploit more
HIGH_IMPROVEMENT = 0.80  # above: explore more
PLATEAU_BAND = 0.05  # half width, as a share of the middle 80 % of the scores so far
PLATEAU_RUN = 3  # trials in the band that make a plateau
LATEST = 512  # trials and configurations that rates are counted over: far more than a block, and bounded in long sweeps


def window_of(n_iter_block: int) -> int:
    """A quarter of a block, at least three trials."""
    return max(MIN_WINDOW, n_iter_block // 4)


def measure(
    trials: Sequence[Trial], tree: Tree, objective: Objective, n_iter_block: int, noise_floor: float
) -> Progress:
    """Rates over one block's finished search trials, in order of number.

    Branching: share of the last n_iter_block/4 mutations whose parent is not the configuration of the trial before.
    Improvement: share of scored mutations whose estimate exceeds the parent's by more than the noise floor.
    """
    finished = [trial for trial in trials[-LATEST:] if trial.state.is_finished]
    window = window_of(n_iter_block)
    steps = [
        (before, trial)
        for before, trial in itertools.pairwise(finished)
        if trial.proposal.parent in tree and before.number in tree and trial.proposal.changes
    ][-window:]
    parents = [tree.node(trial.proposal.parent).id for _, trial in steps]  # type: ignore[arg-type]
    jumps = [parent != tree.node(before.number).id for (before, _), parent in zip(steps, parents, strict=True)]

    changes = [tree.gain(node) for node in tree.latest_scored(LATEST)]
    gains = [change > noise_floor for change in changes if change is not None]

    scores = [objective.score(t.value) for t in finished if t.state is TrialState.COMPLETED and t.value is not None]
    tail = scores[-PLATEAU_RUN:]
    return Progress(
        branching=sum(jumps) / len(jumps) if jumps else None,
        distinct_parents=len(set(parents)),
        improvement=sum(gains) / len(gains) if gains else None,
        failure=sum(t.state.is_bad for t in finished) / len(finished) if finished else None,
        plateau=len(tail) == PLATEAU_RUN and max(tail) - min(tail) <= _band(scores, noise_floor),
        window=window,
    )


def _band(scores: Sequence[float], noise_floor: float) -> float:
    """Width within which scores count as one: in whatever unit the metric has, and never below its noise."""
    low, high = np.quantile(scores, (0.1, 0.9))
    return max(2.0 * noise_floor, 2.0 * PLATEAU_BAND * float(high - low))
