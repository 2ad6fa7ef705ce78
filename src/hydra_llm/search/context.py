"""What a proposer may know: the search so far, as one value.

`Slot`, `Block`, `Thresholds` and `Progress` are its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from hydra_llm.search.meaning import Meaning
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.draws import compared_by
from hydra_llm.search.tree.front import FrontMember
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.standing import PoolCandidate
from hydra_llm.search.trial.trial import Trial, TrialState
from hydra_llm.search.triggers import MetricTrigger

ORACLE_PREFIX = "oracle_"  # what the data allow at best, as a metric of the same run
MIN_WINDOW = 3  # trials that a rate is counted over, at least


@dataclass(frozen=True)
class Slot:
    """A place to fill. Roles: baseline, diverse (both on an empty tree), exploit, explore, replicate, principle-test,
    or free (the proposer decides). `fixed` holds the parameters that this slot keeps for itself
    (slot_params.py).
    """

    index: int
    role: str = "free"
    fixed: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Thresholds:
    """Where a value of the metric counts as converged, failed or perfect, in the metric's own unit (R2: 0.9, 0.1,
    1.0).
    """

    converged: float = 0.9
    failed: float = 0.1
    perfect: float = 1.0

    def classify(self, objective: Objective, value: float | None) -> str:
        """ "converged" above the upper limit, "failed" below the lower one or without a value, "partial" between."""
        if value is None:
            return "failed"
        score = objective.score(value)
        if score > objective.score(self.converged):
            return "converged"
        return "failed" if score < objective.score(self.failed) else "partial"

    def is_success(self, objective: Objective, score: float) -> bool:
        """Success in the strategies' sense: at the limit counts."""
        return score >= objective.score(self.converged)


@dataclass(frozen=True)
class Block:
    """Which block this is: `index` from 1, `k` = iteration within it of the first slot (from 1), `values` its
    regime.
    """

    index: int = 1
    k: int = 1
    n_iter_block: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """`branching`, `improvement` and `failure` are shares in [0, 1], None while there is nothing to count."""

    branching: float | None = None
    distinct_parents: int = 0
    improvement: float | None = None
    failure: float | None = None
    plateau: bool = False
    window: int = MIN_WINDOW


@dataclass(frozen=True)
class Heritage:
    """What a block starts with: the `leader` of an earlier `block`, of the `same_regime` or another one, and how many
    `runs` of the present regime ended with a value before it.
    """

    block: int
    leader: Trial
    same_regime: bool
    runs: int = 0


def _composes(values: Mapping[str, Any]) -> list[str]:
    """Without an application to compose, every configuration is valid."""
    return []


@dataclass(frozen=True)
class Context:
    """Everything a proposer may read.

    `tree` is the present block's; `trials` are all of the sweep, earlier blocks included, in order of number.
    `ranking` holds (node id, selection score), best first. `noise_floor` is a standard deviation in the metric's unit
    (0 while unknown).
    """

    space: Space
    objective: Objective  # of several, the scalar that this decision ranks by
    tree: Tree
    trials: Sequence[Trial]
    slots: tuple[Slot, ...]
    ranking: Sequence[tuple[int, float]] = ()
    block: Block = field(default_factory=Block)
    next_number: int = 0
    n_trials: int = 0
    left: int = 0  # trials that the present block may still ask for, those of the open slots included
    seed: int = 0
    thresholds: Thresholds | None = None
    rates: Progress = field(default_factory=Progress)
    noise_floor: float = 0.0
    fresh_seeds: bool = False  # every run draws its own seeds, so no two runs share a recording
    focus: tuple[MetricTrigger, ...] = ()  # rows that the application declares
    seed_keys: tuple[str, ...] = ()  # without them a rerun repeats the same numbers and teaches nothing

    # ---- refusals ----
    rejected: frozenset[str] = frozenset()  # keys (Space.key) of configurations that did not compose
    feedback: tuple[str, ...] = ()  # why the previous answer for these slots was refused, one sentence each
    validate: Callable[[Mapping[str, Any]], list[str]] = field(default=_composes, compare=False)  # [] if it composes

    heritage: Heritage | None = None  # of earlier blocks

    # ---- several objectives ----
    objectives: Objectives | None = None
    front: Sequence[FrontMember] = ()  # by the first objective, best first
    weights: tuple[float, ...] = ()  # of the objectives in this decision; (): all alike
    drawn: Callable[[], Context] | None = field(default=None, compare=False)  # the same under weights of its own

    # ---- what the Gaussian process would do ----
    pool: tuple[PoolCandidate, ...] = ()  # its choices, best first; (): it was not asked, or knows too little

    # ---- the block after this one ----
    block_space: Space | None = None  # from which its regime is chosen; None if the simulation is fixed or none follows
    tested_regimes: Sequence[Mapping[str, Any]] = ()  # of the blocks so far, in order

    earlier: int = 0  # number of the first search trial of this call
    at_hand: Sequence[Trial] | None = None  # `block_trials`, where the caller has them: saves looking through all
    compared: Recordings | None = field(default=None, compare=False)  # `recordings` of these trials, likewise

    # ---- texts ----
    memory: str = ""  # what is known, as Markdown lines
    full_recipe: str = ""  # what short runs gave with the full recipe
    predictions: str = ""  # how good earlier predictions were, and which are open
    evaluation: str = ""  # at a block's end: the protocol's rates, the advice that follows, what is to be done
    observations: Mapping[int, str] = field(default_factory=dict)  # trial -> what this proposer said of it
    fates: Mapping[int, str] = field(default_factory=dict)  # trial -> what became of its prediction
    refutations: Mapping[int, str] = field(default_factory=dict)  # trial -> what would refute it, where not judged yet
    principles: Mapping[str, str] = field(default_factory=dict)  # established ones, name -> text
    log_lines: Mapping[str, str] = field(default_factory=dict)  # lines of the log that the proposer writes -> hint
    lines_by_sight: frozenset[str] = frozenset()  # those of them that say what a figure shows
    user_notes: Sequence[str] = ()  # what a person wrote to the sweep, latest last
    is_review: bool = False  # a review at the end of a block: no slot to fill
    protocol: str = ""
    ucb_table: str = ""
    task: str = ""
    description: str = ""  # what the program does
    told: Mapping[str, Any] = field(default_factory=dict)  # values of a trial's configuration
    show: tuple[str, ...] = ()  # metrics to show, in order; (): the first ones as returned
    ceiling: float | None = None  # best value that the metric can have
    meaning: Meaning = field(default_factory=Meaning)  # of metrics that coded rules read
    seeds_move: str = "both"  # data | training | both
    fixed: tuple[str, ...] = ()  # key=value of every run, as the sweep was started
    budget: tuple[str, ...] = ()  # key=value of search trials, which a full run does without

    @cached_property
    def block_trials(self) -> list[Trial]:
        """This block's search trials in order of number, running ones included."""
        if self.at_hand is not None:
            return list(self.at_hand)
        return [t for t in self.trials if t.block == self.block.index and t.purpose == "search"]

    @property
    def weighing(self) -> str:
        """How the objectives are weighed in this decision, for a note; "" where all are alike, or there is one."""
        if self.objectives is None or not self.weights:
            return ""
        shares = zip(self.objectives.names, self.weights, strict=True)
        return " under weights " + ", ".join(f"{name} {share:.2f}" for name, share in shares)

    @cached_property
    def recordings(self) -> Recordings:
        """What this block's configurations may be compared by."""
        if self.compared is not None:
            return self.compared
        return compared_by(self.fresh_seeds)(self.tree, self.block_trials, self.objective, self.ceiling)

    @cached_property
    def finished(self) -> list[Trial]:
        """This block's finished search trials in order of number."""
        return [trial for trial in self.block_trials if trial.state.is_finished]

    @property
    def failures(self) -> list[Trial]:
        """Search trials of the sweep that failed; `error` holds type, message and traceback tail."""
        wrong = (t for t in self.trials if t.purpose == "search" and t.error is not None)
        return [t for t in wrong if t.state is not TrialState.PRUNED]

    @property
    def oracle(self) -> dict[int, dict[str, float]]:
        """Per finished trial the metrics named oracle_...: what these data allow at best."""
        found = {
            t.number: {name: v for name, v in t.metrics.items() if name.startswith(ORACLE_PREFIX)} for t in self.trials
        }
        return {number: metrics for number, metrics in found.items() if metrics}

    def rng(self, slot: int = 0) -> np.random.Generator:
        """A generator that depends on the sweep's seed, the next trial number and the slot, and on nothing else."""
        return np.random.default_rng([self.seed, self.next_number, slot])
