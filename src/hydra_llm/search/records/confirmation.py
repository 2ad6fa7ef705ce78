"""What the confirmation says: best and baseline on fresh seeds, paired, per budget.

The values that a search selected on are optimistic, because the best of many noisy numbers was chosen; these are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.sample import standard_deviation
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Trial, TrialState

_OWN = ("best", "baseline")  # other roles are references


@dataclass(frozen=True)
class ConfirmationSample:
    """Values of one configuration at one budget, in the metric's unit; `failed` runs are not among them."""

    values: tuple[float, ...]
    failed: int

    @property
    def mean(self) -> float | None:
        return sum(self.values) / len(self.values) if self.values else None

    @property
    def sd(self) -> float | None:
        return standard_deviation(self.values)


@dataclass(frozen=True)
class Paired:
    """Mean difference over the seeds on which both sides have a value, in the metric's unit, and its standard error."""

    difference: float | None
    standard_error: float | None
    pairs: int

    @classmethod
    def of(cls, first: Mapping[str, float], second: Mapping[str, float]) -> Paired:
        """First minus second; both are seeds -> value."""
        found = ConfirmationSample(tuple(value - second[seed] for seed, value in first.items() if seed in second), 0)
        error = None if found.sd is None else found.sd / math.sqrt(len(found.values))
        return cls(found.mean, error, len(found.values))

    @property
    def text(self) -> str:
        if self.difference is None:
            return "no pair of runs completed"
        error = "" if self.standard_error is None else f" +/- {self.standard_error:.4g} (standard error)"
        return f"{self.difference:+.4g}{error} over {self.pairs} seed(s)"


@dataclass(frozen=True)
class Beside:
    """What the search recommends, `first` (the best; the baseline where nothing is better), beside another arm."""

    budget: str
    regime: str
    metric: str
    role: str  # of the other arm: baseline, or the name of a reference
    first: ConfirmationSample
    other: ConfirmationSample
    paired: Paired


@dataclass(frozen=True)
class Comparison:
    """One budget. `difference` is best minus baseline over the runs that both completed, `standard_error` its error."""

    budget: str
    best: ConfirmationSample | None
    baseline: ConfirmationSample
    difference: float | None
    standard_error: float | None
    pairs: int
    references: Mapping[str, ConfirmationSample] = field(default_factory=dict)
    regime: str = ""  # named where there are several

    @property
    def verdict(self) -> str:
        """A sentence that claims no more than the numbers do."""
        if self.best is None:
            return "the baseline itself is the best configuration found"
        if self.difference is None:
            return "no pair of runs completed, so nothing is confirmed"
        if self.baseline.sd is None:
            return "too few runs to judge the difference"
        if self.baseline.sd == 0.0:
            return "the baseline's runs are all equal: the seeds do not matter to this task, or it does not read them"
        ratio = abs(self.difference) / self.baseline.sd
        return f"the paired difference is {ratio:.1f} times the baseline's standard deviation"


def in_full(state: SweepState, number: int) -> Trial | None:
    """A confirmation run of a trial's configuration at the full budget; None where there is none."""
    for twin in state.confirmations:
        if twin.budget == "full" and twin.proposal.parent == number and twin.proposal.role == "best":
            return twin
    return None


def compare(state: SweepState) -> list[Comparison]:
    """One comparison per regime and budget of the confirmation, in the order in which they were asked; [] without."""
    return [_compare(budget, regime, arms) for budget, regime, arms in _arms(state)]


def beside(state: SweepState, objective: Objective, metrics: Sequence[str] = ()) -> list[Beside]:
    """The recommended configuration against every other arm of the confirmation, in the metric of the search and in
    `metrics`, as far as runs returned them. References come first, then the baseline.
    """
    found = []
    for budget, regime, arms in _arms(state):
        first = "best" if "best" in arms else "baseline"
        others = sorted((role for role in arms if role != first), key=lambda role: role in _OWN)
        for name in dict.fromkeys((objective.name, *metrics)):
            values = {role: _values(runs, name, objective) for role, runs in arms.items()}
            for role in others if values.get(first) else ():
                if values[role]:
                    own, other = (_sample_of(values[side], arms[side]) for side in (first, role))
                    paired = Paired.of(values[first], values[role])
                    found.append(Beside(budget, regime, name, role, own, other, paired))
    return found


Runs = dict[str, Trial]  # by seeds


def _arms(state: SweepState) -> list[tuple[str, str, dict[str, Runs]]]:
    """(budget, regime, role -> runs that ended), in the order in which they were asked."""
    found = []
    bests = state.bests()
    for best in bests:
        groups: dict[str, list[Trial]] = {}
        root = state.baseline(best.block)
        current = {best.number, root.id if root is not None else best.number}  # an earlier best may have been confirmed
        for trial in (t for t in state.confirmations if t.proposal.parent in current):
            groups.setdefault(trial.budget, []).append(trial)
        regime = ", ".join(f"{key}={value}" for key, value in state.block_values(best).items())
        for budget, runs in groups.items():
            arms: dict[str, Runs] = {}
            for trial in (run for run in runs if run.state.is_finished):
                arms.setdefault(trial.proposal.role, {})[str(sorted(trial.seeds.items()))] = trial
            found.append((budget, regime if len(bests) > 1 else "", arms))
    return found


def _compare(budget: str, regime: str, arms: dict[str, Runs]) -> Comparison:
    best, baseline = arms.get("best"), arms.get("baseline", {})
    found = Paired.of(_completed({} if best is None else best), _completed(baseline))
    references = {role: _sample(list(runs.values())) for role, runs in arms.items() if role not in _OWN}
    return Comparison(
        budget,
        None if best is None else _sample(list(best.values())),
        _sample(list(baseline.values())),
        found.difference,
        found.standard_error,
        found.pairs,
        references,
        regime,
    )


def _completed(runs: Runs) -> dict[str, float]:
    """Values of the search's metric."""
    done = {seed: run.value for seed, run in runs.items() if run.state is TrialState.COMPLETED}
    return {seed: value for seed, value in done.items() if value is not None}


def _values(runs: Runs, metric: str, objective: Objective) -> dict[str, float]:
    if metric == objective.name:
        return _completed(runs)
    done = {seed: run.metrics for seed, run in runs.items() if run.state is TrialState.COMPLETED}
    return {seed: metrics[metric] for seed, metrics in done.items() if metric in metrics}


def _sample_of(values: Mapping[str, float], runs: Runs) -> ConfirmationSample:
    return ConfirmationSample(tuple(values.values()), len(runs) - len(values))


def _sample(trials: list[Trial]) -> ConfirmationSample:
    values = tuple(trial.value for trial in trials if trial.value is not None)
    return ConfirmationSample(values, len(trials) - len(values))


def summary_lines(state: SweepState, objective: Objective) -> list[str]:
    """The confirmation for people, one or two lines per budget."""
    lines = []
    for item in compare(state):
        where = f" of {item.regime}" if item.regime else ""
        lines.append(f"confirmed on fresh seeds, {item.budget} budget{where}: {objective.name}")
        if item.best is not None:
            lines.append(f"  best      {_text(item.best)}")
        lines.append(f"  baseline  {_text(item.baseline)}")
        lines += [f"  {name:<9} {_text(sample)}" for name, sample in item.references.items()]
        if item.difference is not None:
            lines.append(f"  paired difference {Paired(item.difference, item.standard_error, item.pairs).text}")
        lines.append(f"  {item.verdict}")
        first = "baseline" if item.best is None else "best"
        lines += [
            f"  {first} minus {row.role} {row.paired.text}"
            for row in beside(state, objective)
            if (row.budget, row.regime) == (item.budget, item.regime) and row.role not in _OWN
        ]
    return lines


def as_data(state: SweepState) -> list[dict[str, Any]]:
    """The confirmation as plain data for optimization_results.yaml."""
    found = []
    for item in compare(state):
        entry: dict[str, Any] = {"budget": item.budget, "pairs": item.pairs}
        entry |= {"regime": item.regime} if item.regime else {}
        for name, sample in (("best", item.best), ("baseline", item.baseline), *item.references.items()):
            if sample is not None:
                entry[name] = {
                    "mean": sample.mean,
                    "sd": sample.sd,
                    "values": list(sample.values),
                    "failed_runs": sample.failed,
                }
        entry |= {"paired_difference": item.difference, "standard_error": item.standard_error, "verdict": item.verdict}
        found.append(entry)
    return found


def _text(sample: ConfirmationSample) -> str:
    if sample.mean is None:
        return f"no value, {sample.failed} failed run(s)"
    spread = "" if sample.sd is None else f" +/- {sample.sd:.4g}"
    failed = f", {sample.failed} failed run(s)" if sample.failed else ""
    return f"{sample.mean:.4g}{spread} (mean, sd of {len(sample.values)} run(s){failed})"
