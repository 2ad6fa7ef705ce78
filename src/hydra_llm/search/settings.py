"""What a study is asked to do, after the configuration was read: plain values, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from hydra_llm.keys.key import check
from hydra_llm.keys.sweeper import SEARCH, STOP, SWEEPER
from hydra_llm.search.collapse import Collapse
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log_format import GENERIC, Format
from hydra_llm.search.meaning import Meaning
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.draws import compared_by
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.triggers import MetricTrigger

Budget = Literal["search", "full"]
CHECKED = (  # fields that are keys of the sweeper; they keep to its ranges wherever a study is made
    *("n_trials", "n_parallel", "seed", "n_iter_block", "start", "reward"),
    *("max_failure_rate", "fail_fast", "max_infra_retries", "promote"),
)
CHECKED_SEARCH = ("ceiling", "fresh_seeds", "seeds_move", "description")  # fields that are keys of `search`, likewise
PUBLISHED_BLOCK = 24  # iterations of a block in the reference protocols


@dataclass(frozen=True)
class Confirmation:
    """At the end, best, baseline and references are run again on `n_seeds` fresh seeds for each budget."""

    n_seeds: int = 0
    budgets: tuple[Budget, ...] = ()
    references: tuple[str, ...] = ()  # names of further configurations that run on the same seeds

    def __post_init__(self) -> None:
        taken = sorted(set(self.references) & {"best", "baseline"})
        if taken:
            raise ValueError(
                f"A name in confirm.references must be new to the confirmation, got {taken[0]}. Rename it."
            )
        unknown = sorted(set(self.budgets) - set(get_args(Budget)))
        if unknown:
            raise ValueError(
                f"confirm.budgets must be a list of {', '.join(get_args(Budget))}, got {', '.join(unknown)}."
            )


@dataclass(frozen=True)
class Stop:
    """When a sweep ends before its trials are used up; None switches a rule off. The wall clock makes a sweep
    irreproducible.
    """

    max_hours: float | None = None
    patience: int | None = None  # search trials without a better mean
    target_value: float | None = None  # in the metric's unit
    max_failures: int | None = None  # search trials that ended FAILED, TIMEOUT or LOST
    max_llm_tokens: int | None = None  # prompt and answer, over all sessions
    max_llm_cost: float | None = None  # in the unit of the price table

    def __post_init__(self) -> None:
        check(STOP, vars(self), "stop.")


@dataclass(frozen=True)
class Settings:
    space: Space
    objective: Objective
    n_trials: int
    n_parallel: int
    seed: int
    n_iter_block: int = 0  # 0: one block
    block_space: Space | None = None
    seed_keys: tuple[str, ...] = ()
    fresh_seeds: bool = False  # every run draws its own seeds, else first runs of all configurations share theirs
    start: str = "diverse"
    enqueue: tuple[Mapping[str, Any], ...] = ()  # configurations that run after the first baseline
    slot_params: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # key -> its value by slot
    reward: str = "mean"  # mean | lower_confidence | min, over the runs of a configuration
    thresholds: Thresholds | None = None
    focus: tuple[MetricTrigger, ...] = ()
    collapse: Collapse | None = None  # when a block of a dead regime ends
    meaning: Meaning = field(default_factory=Meaning)  # of metrics that coded rules read
    confirmation: Confirmation = field(default_factory=Confirmation)
    promote: int = 0  # configurations that run the full recipe during the search; below two: none
    stop: Stop = field(default_factory=Stop)
    pruning: Pruning = field(default_factory=Pruning)
    max_failure_rate: float = 1.0
    fail_fast: int = 0  # 0: off
    max_infra_retries: int = 0
    task: str = ""  # the name of the program
    description: str = ""  # what it does, for a proposer that reads
    told: Mapping[str, Any] = field(default_factory=dict)  # values of a trial's configuration, for the same
    show: tuple[str, ...] = ()  # metrics that such a proposer is shown, in order; (): the first ones as returned
    ceiling: float | None = None  # best value that the metric can have
    seeds_move: str = "both"  # data | training | both: what the seed keys draw anew
    log_format: Format = GENERIC  # lines of analysis.md, by family
    constants: Mapping[str, Any] = field(default_factory=dict)  # values of fixed keys that the log names
    identity: Mapping[str, Any] = field(default_factory=dict)  # further header entries that must not change on resume
    objectives: Objectives | None = None  # several at once; `objective` is their scalar then

    def __post_init__(self) -> None:
        if self.objectives is not None:
            self._check_several(self.objectives)
        check(SWEEPER, {name: getattr(self, name) for name in CHECKED})
        check(SEARCH, {name: getattr(self, name) for name in CHECKED_SEARCH})
        if set(self.slot_params) != set(self.space.by_slot):
            raise ValueError(
                "slot_params must declare the keys that the space keeps by slot "
                f"({', '.join(self.space.by_slot) or 'none'}), got {', '.join(self.slot_params) or 'none'}."
            )
        if self.confirmation.n_seeds and not self.seed_keys:
            raise ValueError(
                "A confirmation on fresh seeds needs to know the seed keys of the application. "
                "Set seed_keys, for example to [seed], or n_seeds of the confirmation to 0."
            )

    def _check_several(self, objectives: Objectives) -> None:
        """Raise ValueError for what compares values of one metric."""
        if self.objective != objectives.scalar:
            raise ValueError(
                f"objective must be the scalar of the objectives, got {self.objective}. Set it to objectives.scalar."
            )
        asked_for = {
            "pruning": self.pruning.rule is not None or self.pruning.max_minutes is not None,
            "stop.target_value": self.stop.target_value is not None,
            "confirm.n_seeds": self.confirmation.n_seeds > 0,
            "promote": self.promote > 0,
            "block_params": self.block_space is not None,
            "thresholds": self.thresholds is not None,
            "collapse": self.collapse is not None,
            "ceiling": self.ceiling is not None,
        }
        wrong = next((name for name, given in asked_for.items() if given), None)
        if wrong is not None:
            raise ValueError(
                f"{wrong} compares values of one metric, and this search has {len(objectives.names)} objectives "
                f"({', '.join(objectives.names)}). Leave {wrong} out, or search on one metric."
            )

    @property
    def goal(self) -> str:
        """What is sought, in words."""
        if self.objectives is not None:
            return self.objectives.goal
        wanted = "" if self.objective.target is None else f" = {self.objective.target:g}"
        return f"{self.objective.direction} {self.objective.name}{wanted}"

    @property
    def reads(self) -> Objective | Objectives:
        """What finds the result of a trial in what the task returned."""
        return self.objectives or self.objective

    @property
    def compared_by(self) -> type[Recordings]:
        """What a block's configurations are compared by."""
        return compared_by(self.fresh_seeds)

    @property
    def block_size(self) -> int:
        """Trials after which a block ends; without n_iter_block the whole sweep is one block."""
        return self.n_iter_block or self.n_trials

    @property
    def nominal_block(self) -> int:
        """The block length that windows and streaks are measured against."""
        return self.n_iter_block or min(self.n_trials, PUBLISHED_BLOCK)
