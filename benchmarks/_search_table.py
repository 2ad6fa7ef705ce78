"""The tables of the search benchmark, and what their intervals say of our arm."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from _search_arms import ARMS, PEERS
from _search_tasks import SUITES, suite_of
from scipy.stats import wilcoxon

Runs = dict[tuple[str, int], dict[str, Any]]  # (task, repetition) -> run

OURS, OTHERS = "bayes", "optuna-tpe"
DRAWS = 10_000  # of a bootstrap


def table(arms: dict[str, Runs]) -> list[dict[str, Any]]:
    """One row per arm, best first. Arms are compared with ours and with Optuna's TPE over the runs that both have."""
    versus = {arm: _paired(arms, OURS, arm) for arm in arms if arm != OURS}
    p = holm({arm: _p(d) for arm, d in versus.items() if len(d) > 5})
    rows = []
    for arm, runs in sorted(arms.items(), key=lambda item: -_mean(item[1].values())):
        row: dict[str, Any] = {"arm": arm, "runs": len(runs), "score": f"{_mean(runs.values()):.3f}"}
        for suite in suites(arms):
            own = [run for (task, _), run in runs.items() if suite_of(task) == suite]
            if own:
                row[SUITES[suite].label] = f"{_mean(own):.3f}"
        row[f"minus {OTHERS} [95 %]"] = interval(_paired(arms, arm, OTHERS)) if arm != OTHERS else ""
        row[f"{OURS} minus it [95 %]"] = interval(versus[arm]) if arm in versus else ""
        row["p"] = f"{p[arm]:.2g}" if arm in p else ""
        row[f"{OURS} wins"] = f"{100 * _wins(versus[arm]):.0f} %" if arm in versus and len(versus[arm]) else ""
        row["below default"] = f"{100 * np.mean([r['quality'] < r['default'] - 1e-9 for r in runs.values()]):.0f} %"
        row["CPU s"] = f"{np.mean([r['cpu_s'] for r in runs.values()]):.2g}"
        rows.append(row)
    return rows


def told(arms: dict[str, Runs]) -> list[str]:
    """What the intervals say of our arm against those of other packages, with the difference in each suite."""
    groups: dict[str, list[str]] = {"above": [], "not told apart from": [], "below": []}
    for peer in PEERS:
        differences = _paired(arms, OURS, peer)
        if len(differences):
            low, high = bounds(differences)
            group = "above" if low > 0 else "below" if high < 0 else "not told apart from"
            found = [interval(differences)]
            if len(own := suites(arms)) > 1:
                parts = {suite: _paired(_only(arms, f"{suite}/"), OURS, peer) for suite in own}
                found = [f"{SUITES[suite].label} {interval(part)}" for suite, part in parts.items()]
            groups[group].append(f"`{peer}` ({', '.join(found)}; {len(differences)} pairs)")
    return [f"`{OURS}` is {group}: {'; '.join(found)}." for group, found in groups.items() if found]


def suites(arms: dict[str, Runs]) -> list[str]:
    """Those of the runs, in the order of SUITES."""
    own = {suite_of(task) for runs in arms.values() for task, _ in runs}
    return [suite for suite in SUITES if suite in own]


def legend(arms: Iterable[str]) -> list[dict[str, Any]]:
    """What each arm of the tables is, and what must be installed for it."""
    used = set(arms)
    rows = [{"arm": arm, "is": ARMS[arm].what, "needs": ", ".join(ARMS[arm].needs)} for arm in ARMS if arm in used]
    return rows + [{"arm": arm, "is": "no longer in the code", "needs": ""} for arm in sorted(used - set(ARMS))]


def by_task(arms: dict[str, Runs], peer: str) -> str:
    tasks = sorted({task for task, _ in arms[OURS]})
    pairs = {task.split("/")[1]: _paired(_only(arms, task), OURS, peer) for task in tasks}
    return "; ".join(f"{task} {interval(differences)}" for task, differences in pairs.items() if len(differences))


def _only(arms: dict[str, Runs], prefix: str) -> dict[str, Runs]:
    """The runs on one suite, or on one task."""
    return {arm: {key: run for key, run in runs.items() if key[0].startswith(prefix)} for arm, runs in arms.items()}


def interval(differences: np.ndarray) -> str:
    """Mean with its bootstrap interval."""
    if not len(differences):
        return ""
    low, high = bounds(differences)
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def bounds(differences: np.ndarray) -> tuple[float, float]:
    """Between which 95 % of the means of resampled differences lie."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(DRAWS, len(differences)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def holm(p: dict[str, float]) -> dict[str, float]:
    """Holm's correction: p values times the number of hypotheses not yet rejected, never falling."""
    corrected, least = {}, 0.0
    for rank, (arm, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, value * (len(p) - rank)))
        corrected[arm] = least
    return corrected


def _paired(arms: dict[str, Runs], one: str, other: str) -> np.ndarray:
    first, second = arms.get(one, {}), arms.get(other, {})
    return np.array([run["quality"] - second[key]["quality"] for key, run in first.items() if key in second])


def _p(differences: np.ndarray) -> float:
    return float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0


def _wins(differences: np.ndarray) -> float:
    return float(np.mean(differences > 0) + 0.5 * np.mean(differences == 0))


def _mean(runs: Iterable[dict[str, Any]]) -> float:
    return float(np.mean([run["quality"] for run in runs]))
