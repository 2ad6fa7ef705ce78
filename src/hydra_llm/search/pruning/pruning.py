"""Early stopping of jobs: the rules, and what becomes of a job that was told to stop.

Every rule states a limit per step, as a score; a job whose best report so far stays below the limit of the last step
that has one ends. The median rule is that of Golovin et al. (2017), "Google Vizier"; asha is the stopping form of
asynchronous successive halving, Li et al. (2020): at the rungs r, r*eta, r*eta^2, ... the best 1/eta go on. The jobs
apply the limits themselves (hydra_llm.job), so a rule works under every launcher.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from hydra_llm import job
from hydra_llm.job import Report
from hydra_llm.search.trial.objective import Direction, Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState

RULES = ("median", "asha")
KEPT = ("last", "returned", "nothing")


@dataclass(frozen=True)
class Pruning:
    """`rule` None: reports are recorded and nothing is compared. Steps are those that the task reports.

    `direction` is that of the reports; None means that they are the search's own metric. `keep` says which value a
    stopped trial gets: its last report, what the task returned, or nothing (then it counts as a bad configuration).
    None keeps the last report where that is the metric, and what was returned where it is not.
    """

    rule: str | None = None
    max_minutes: float | None = None  # training-time rule, wall clock since the job began
    warmup_steps: int = 0  # reports of smaller steps are not judged
    startup_trials: int = 4  # trials that must have reached a step before it has a limit
    first_rung: int = 1  # asha: step of the first comparison
    reduction_factor: int = 3  # asha: eta
    direction: Direction | None = None
    keep: str | None = None
    watch_s: float | None = None  # seconds between two looks at jobs that run side by side; None: finished ones only

    def __post_init__(self) -> None:
        for name, value, known in (
            ("rule", self.rule, RULES),
            ("direction", self.direction, get_args(Direction)),
            ("keep", self.keep, KEPT),
        ):
            if value is not None and value not in known:
                raise ValueError(f"pruning.{name}={value!r} is unknown. Choose one of {', '.join(known)}, or null.")
        for name, least in (("warmup_steps", 0), ("startup_trials", 1), ("first_rung", 1), ("reduction_factor", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"pruning.{name}={getattr(self, name)} is too small. Choose {least} or more.")
        for name in ("max_minutes", "watch_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"pruning.{name}={value} is no span of time. Choose a positive number, or null.")

    @property
    def kept(self) -> str:
        return self.keep or ("last" if self.direction is None else "returned")

    def goal(self, objective: Objective) -> Objective:
        """What better means for the reports; of the search's own objective, unless they have a direction."""
        if self.direction is None:
            return objective
        return Objective(direction=self.direction, target=objective.target if self.direction == "target" else None)


class IntermediateScores:
    """Scores by step: the best that each trial had reported when it came to a step."""

    def __init__(self, pruning: Pruning, goal: Objective) -> None:
        self._pruning = pruning
        self._goal = goal
        self._scores: dict[int, list[float]] = {}  # ascending: a limit costs nothing in a long sweep

    def copy(self) -> IntermediateScores:
        other = IntermediateScores(self._pruning, self._goal)
        other._scores = {step: list(scores) for step, scores in self._scores.items()}
        return other

    def add(self, reports: Sequence[Report]) -> None:
        """Enter one trial. Under asha it counts at the rungs that it reached, with what it had by then."""
        best, rung = -math.inf, self._pruning.first_rung
        at: dict[int, float] = {}
        for item in sorted(reports, key=lambda report: report.step):
            best = max(best, self._goal.score(item.value) if math.isfinite(item.value) else -math.inf)
            if self._pruning.rule == "asha":
                while item.step >= rung:
                    at[rung] = best
                    rung *= self._pruning.reduction_factor
            else:
                at[item.step] = best
        for step, value in at.items():
            bisect.insort(self._scores.setdefault(step, []), value)

    def rows(self) -> list[dict[str, Any]]:
        """Limits in order of step: {step, score, what}; `what` ends the sentence that a stopped job is given."""
        found = []
        for step in sorted(self._scores):
            scores = self._scores[step]
            if step < self._pruning.warmup_steps or len(scores) < self._pruning.startup_trials:
                continue
            limit, name = self._limit(scores)
            if math.isfinite(limit):
                shown = f"{self._goal.value_of_score(limit):.6g}"
                if self._goal.direction == "target":
                    shown += " away from the target"
                what = f"{name} of {len(scores)} trials at step {step} is {shown}"
                found.append({"step": step, "score": limit, "what": what})
        return found

    def _limit(self, scores: list[float]) -> tuple[float, str]:
        if self._pruning.rule == "median":
            middle = len(scores) // 2
            median = scores[middle] if len(scores) % 2 else (scores[middle - 1] + scores[middle]) / 2
            return median, "the median"
        eta = self._pruning.reduction_factor
        going_on = max(1, (len(scores) + 1) // eta)  # of these and the job that compares itself
        return scores[-going_on], f"the limit of the best 1/{eta}"


def settle(outcome: Outcome, pruning: Pruning) -> Outcome:
    """PRUNED, with the reason, for a job that was told to stop and ended; any other outcome as it is."""
    stop = job.read_stop(Path(outcome.folder)) if outcome.folder else None
    if stop is None or not _ended_in_order(outcome):
        return outcome
    error = TrialError("Pruned", str(stop["reason"]))
    return replace(outcome, state=TrialState.PRUNED, value=_kept(outcome, pruning), error=error)


def _ended_in_order(outcome: Outcome) -> bool:
    if outcome.state is TrialState.FAILED:
        return outcome.error is not None and outcome.error.type == job.Stopped.__name__
    return outcome.state in (TrialState.COMPLETED, TrialState.INVALID)


def _kept(outcome: Outcome, pruning: Pruning) -> float | None:
    if pruning.kept == "nothing":
        return None
    if pruning.kept == "last":
        last = _last_finite(job.read_reports(Path(outcome.folder)))
        if last is not None:
            return last
    return outcome.value


def _last_finite(reports: Iterable[Report]) -> float | None:
    return next((item.value for item in reversed(list(reports)) if math.isfinite(item.value)), None)
