"""How repeatable a configuration is: mean, spread, interval, least run, failures, and whether it counts as robust.

Several runs of one configuration on different seeds are samples of one distribution. The interval is Student's, from
the configuration's own runs; failed runs have no score and stand in their own column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hydra_llm.search.context import Thresholds
from hydra_llm.search.sample import half_width, standard_deviation
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial

Verdict = Literal["robust", "fragile", "open"]

HIGH_CV = 0.03  # of a configuration that counts as repeatable
JUDGED_RUNS = 3  # below: "open"
MARGIN = 0.3  # share of the way from converged to perfect that one run may lie below converged: R2 0.90 and 0.87
PEAK = "_peak"  # a task that returns <metric>_peak says how good the run ever was


@dataclass(frozen=True)
class MetricSpread:
    """Of a metric over the runs that returned it. sd: None below two runs; cv: sd over |mean|, None without either."""

    mean: float
    sd: float | None
    cv: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> MetricSpread | None:
        """None without a value."""
        if not values:
            return None
        mean, sd = sum(values) / len(values), standard_deviation(values)
        return cls(mean, sd, None if sd is None or not mean else sd / abs(mean))


@dataclass(frozen=True)
class VarianceRow:
    """One configuration. Numbers are in the metric's unit; `cv` and `cv_error` are shares of the mean."""

    node: int
    runs: int
    mean: float | None
    std: float | None
    cv: float | None
    interval: tuple[float, float] | None  # 95 % for the mean
    worst: float | None
    failures: int
    trend: str  # "3/4 at peak": runs that end as good as they ever were; "" where the task does not report it
    verdict: Verdict


def spread_of(node: Node, metric: str, trials: dict[int, Trial]) -> MetricSpread | None:
    """Of a metric over the runs of a configuration that returned it; None where none did."""
    runs = [trials[number] for number in node.trials if number in trials]
    return MetricSpread.of([run.metrics[metric] for run in runs if metric in run.metrics])


def cv_error(node: Node) -> float | None:
    """Standard deviation of the estimated CV of normal samples: cv sqrt(1 / 2(n-1) + cv^2 / n); None below two runs."""
    n, cv = len(node.scores), node.cv
    return None if cv is None else cv * math.sqrt(1 / (2 * (n - 1)) + cv**2 / n)


def verdict(node: Node, objective: Objective | None = None, thresholds: Thresholds | None = None) -> Verdict:
    """ "robust": CV below 3 %, no failure, and every run above the converged limit, where one is given; "fragile": CV
    of 3 % or more, a failure, or one run clearly below that limit; "open" below three runs and in between.
    """
    if node.runs < JUDGED_RUNS:
        return "open"
    if node.failures or node.cv is None or node.cv >= HIGH_CV:
        return "fragile"
    if objective is None or thresholds is None:
        return "robust"
    good = objective.score(thresholds.converged)
    margin = MARGIN * abs(objective.score(thresholds.perfect) - good)
    least = min(node.scores)
    return "robust" if least > good else "fragile" if least < good - margin else "open"


def rows(
    tree: Tree, objective: Objective, thresholds: Thresholds | None, trials: dict[int, Trial]
) -> list[VarianceRow]:
    """Configurations that ran more than once, best mean first."""
    nodes = sorted((n for n in tree if n.runs > 1), key=lambda n: (-(-math.inf if n.mean is None else n.mean), n.index))
    return [_row(node, objective, thresholds, trials) for node in nodes]


def _row(node: Node, objective: Objective, thresholds: Thresholds | None, trials: dict[int, Trial]) -> VarianceRow:
    interval = None
    half = half_width(node.scores)
    if node.mean is not None and half is not None:
        low, high = sorted(objective.value_of_score(node.mean + sign * half) for sign in (-1, 1))
        interval = (low, high)
    return VarianceRow(
        node.id,
        node.runs,
        None if node.mean is None else objective.value_of_score(node.mean),
        node.std,
        node.cv,
        interval,
        objective.value_of_score(min(node.scores)) if node.scores else None,
        node.failures,
        _trend(node, objective, trials),
        verdict(node, objective, thresholds),
    )


def _trend(node: Node, objective: Objective, trials: dict[int, Trial]) -> str:
    ends = []
    for number in node.trials:
        trial = trials.get(number)
        peak = None if trial is None else trial.metrics.get(objective.name + PEAK)
        if trial is not None and trial.value is not None and peak is not None:
            ends.append(objective.score(trial.value) >= objective.score(peak))
    return f"{sum(ends)}/{len(ends)} at peak" if ends else ""
