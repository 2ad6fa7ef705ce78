"""What the confirmation says: best and baseline on fresh seeds, paired, per budget.

The values that a search selected on are optimistic, because the best of many noisy numbers was chosen; these are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


def compare(state: SweepState) -> list[Comparison]:
    """One comparison per regime and budget of the confirmation, in the order in which they were asked; [] without."""
    found = []
    bests = state.bests()
    for best in bests:
        groups: dict[str, list[Trial]] = {}
        root = state.baseline(best.block)
        current = {best.number, root.id if root is not None else best.number}  # an earlier best may have been confirmed
        for trial in (t for t in state.confirmations if t.proposal.parent in current):
            groups.setdefault(trial.budget, []).append(trial)
        regime = ", ".join(f"{key}={value}" for key, value in state.block_values(best).items())
        found += [replace(_compare(b, runs), regime=regime if len(bests) > 1 else "") for b, runs in groups.items()]
    return found


def _compare(budget: str, trials: list[Trial]) -> Comparison:
    by_role: dict[str, dict[str, Trial]] = {}
    for trial in trials:
        if not trial.state.is_finished:
            continue
        by_role.setdefault(trial.proposal.role, {})[str(sorted(trial.seeds.items()))] = trial
    best, baseline = by_role.get("best"), by_role.get("baseline", {})
    pairs = [
        (best[seed].value, baseline[seed].value)
        for seed in baseline
        if best is not None and _both(best, baseline, seed)
    ]
    differences = [a - b for a, b in pairs if a is not None and b is not None]
    spread = ConfirmationSample(tuple(differences), 0)
    error = spread.sd / math.sqrt(len(differences)) if spread.sd is not None else None
    sample = None if best is None else _sample(list(best.values()))
    references = {role: _sample(list(runs.values())) for role, runs in by_role.items() if role not in _OWN}
    return Comparison(
        budget, sample, _sample(list(baseline.values())), spread.mean, error, len(differences), references
    )


def _both(a: dict[str, Trial], b: dict[str, Trial], seed: str) -> bool:
    return all(seed in side and side[seed].state is TrialState.COMPLETED for side in (a, b))


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
            error = "" if item.standard_error is None else f" +/- {item.standard_error:.4g} (standard error)"
            lines.append(f"  paired difference {item.difference:+.4g}{error} over {item.pairs} seed(s)")
        lines.append(f"  {item.verdict}")
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
