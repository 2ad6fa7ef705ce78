"""What is known at the full recipe: the gain that a sweep claims, and how well its short runs rank configurations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.promotion import BASELINE, LEADER
from hydra_llm.search.records.confirmation import compare
from hydra_llm.search.trial.objective import Objective

FULL = "full"


@dataclass(frozen=True)
class FullRun:
    """A configuration at both budgets with the same seeds, in the metric's unit; `full` None: it failed, or runs."""

    trial: int
    role: str
    short: float
    full: float | None


@dataclass(frozen=True)
class FullGain:
    """Best minus baseline at the full recipe, in the metric's unit; `source` says which runs it rests on."""

    difference: float
    standard_error: float | None
    pairs: int
    source: str


def full_runs(state: SweepState) -> list[FullRun]:
    found = []
    for run in state.promotions:
        number = run.proposal.parent
        short = None if number is None else state.trials[number].value
        if number is not None and short is not None:
            found.append(FullRun(number, run.proposal.role, short, run.value))
    return found


def rank_correlation(runs: Sequence[FullRun], objective: Objective) -> float | None:
    """Kendall's tau between both budgets: +1 for the same order, -1 for the reverse; None below two runs or with ties
    alone.
    """
    known = [(objective.score(run.short), objective.score(run.full)) for run in runs if run.full is not None]
    signs = [_sign(a[0] - b[0]) * _sign(a[1] - b[1]) for a, b in combinations(known, 2)]
    decided = [sign for sign in signs if sign]
    return sum(decided) / len(decided) if decided else None


def gain(state: SweepState) -> FullGain | None:
    """On fresh seeds where the confirmation ran at the full recipe, else with the seeds of the search."""
    for item in compare(state):
        if item.budget == FULL and item.difference is not None:
            return FullGain(item.difference, item.standard_error, item.pairs, "confirmation on fresh seeds")
    by_role = {run.role: run.full for run in full_runs(state) if run.full is not None}
    leader, baseline = by_role.get(LEADER), by_role.get(BASELINE)
    if leader is None or baseline is None:
        return None
    return FullGain(leader - baseline, None, 1, "the leader at half time, with the seeds of the search")


def lines(state: SweepState, objective: Objective) -> list[str]:
    """Gain first, then the pairs with their rank correlation; [] while nothing ran with the full recipe."""
    found = []
    if (best := gain(state)) is not None:
        error = "" if best.standard_error is None else f" +/- {best.standard_error:.4g} (standard error)"
        pairs = f"{best.pairs} pair" + ("s" if best.pairs != 1 else "")
        found.append(
            f"Gain at the full recipe, {objective.name} of the best over the baseline: {best.difference:+.4g}{error}; "
            f"{pairs}, {best.source}"
        )
    return [*found, *([text] if (text := ranking(state, objective)) else [])]


def ranking(state: SweepState, objective: Objective) -> str:
    """Both budgets side by side and whether they agree, "" without a full run."""
    runs = full_runs(state)
    if not runs:
        return ""
    pairs = "; ".join(
        f"{run.role} (trial {run.trial}) {run.short:.4g} -> {'-' if run.full is None else f'{run.full:.4g}'}"
        for run in runs
    )
    text = f"{objective.name} in the search -> with the full recipe, same seeds: {pairs}"
    tau = rank_correlation(runs, objective)
    if tau is None:
        return text
    text += f"; rank correlation {tau:+.2g} over {sum(run.full is not None for run in runs)} configurations"
    return f"{text}: the short runs rank them otherwise, so lengthen search.trial_overrides" if tau < 0.0 else text


def as_data(state: SweepState, objective: Objective) -> dict[str, Any]:
    """The same as plain data."""
    found: dict[str, Any] = {}
    if (best := gain(state)) is not None:
        found["gain_at_full_budget"] = asdict(best)
    if runs := full_runs(state):
        found["full_runs"] = {
            "pairs": [asdict(run) for run in runs],
            "rank_correlation": rank_correlation(runs, objective),
        }
    return found


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
