"""Whether a population of programs finds more than a plain search, on the tasks of code_evolution.py.

    python benchmarks/code_population.py --repeats 10

All arms get edits from the same list and as many runs; what the checks of a sweep refuse takes no run (here by the
list, whose outcome with the real checks is in code_evolution.md). `sweep`: an idea in every second trial; `an idea in
every trial`: the same sweep with every=1. The others ask for an idea in every run and run each program once. `one
program`: edits of the best. `crossover`: of the best three, or two of these merged. `islands`: three such groups, whose
best moves on to the next group every six runs.
"""

import argparse
import logging
import random
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from _code_tasks import CRASHING, EDITS, FIRST, TASKS, Task, edited
from _report import mean_sd_least, publish
from code_evolution import Search, cheats, gain, score, swept
from scipy import stats
from tqdm import tqdm

from hydra_llm.search.evolution import author as asking

ELITES, MIGRATION, TRIES, SHARE = 3, 6, 200, 0.5  # kept per group; runs; draws for a new program; of children: merged
Elite = tuple[float, str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Programs found by a population, and by a plain search.")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--trials", type=int, default=24)
    options = parser.parse_args()
    logging.getLogger("hydra_llm").setLevel(logging.CRITICAL)
    asking.examine = lambda text, *_: ["It is refused."] if is_refused(text) else []
    gains: dict[str, list[float]] = {name: [] for name in ARMS}
    rows = []
    for task in TASKS:
        for name, arm in ARMS.items():
            ends = [arm(task, options.trials, seed) for seed in tqdm(range(options.repeats), f"{task.name}, {name}")]
            own = [gain(task, end.text) for end in ends]
            gains[name] += own
            found = [end.found for end in ends if end.found is not None and task.has_all(end.text)]
            rows.append(_row(task.name, name, f"{len(found)} of {len(ends)}", found, own))
    rows += [{**_row("all", name, "", (), own), **_against(own, gains)} for name, own in gains.items()]
    note = (
        f"{options.trials} runs each, {options.repeats} repetitions. Found, runs until and gain as in "
        "code_evolution.md. Last rows: the mean difference of the gain to that of another arm, in the same task and "
        "repetition, with its 95 % interval."
    )
    publish("code_population", "A population of programs, without a model", rows, packages=("torch",), note=note)


def _row(task: str, arm: str, found: str, runs: Sequence[int], gains: Sequence[float]) -> dict[str, Any]:
    until = statistics.median(runs) if runs else ""
    return {"task": task, "arm": arm, "found": found, "runs until": until, "gain": mean_sd_least(gains, 3)}


def _against(own: Sequence[float], gains: dict[str, list[float]]) -> dict[str, str]:
    return {f"against {name}": _interval(own, gains[name]) for name in ("sweep", "one program")}


def _interval(own: Sequence[float], other: Sequence[float]) -> str:
    differences = [a - b for a, b in zip(own, other, strict=True)]
    if not any(differences):
        return ""
    half = stats.sem(differences) * stats.t.ppf(0.975, len(differences) - 1)
    middle = statistics.mean(differences)
    return f"{middle:+.3f} ({middle - half:+.3f} to {middle + half:+.3f})"


def is_refused(text: str) -> bool:
    return cheats(text) or any(put.strip() in text for _, put in CRASHING)


def population(task: Task, n_trials: int, seed: int, n_groups: int, n_elites: int, share: float) -> Search:
    """share: of children that are two programs merged."""
    rng = random.Random(seed)
    groups: list[list[Elite]] = [[(score(task, FIRST, 0), FIRST)] for _ in range(n_groups)]
    run, found = {FIRST}, None
    for number in range(1, n_trials):
        group = groups[number % n_groups]
        new = child(group, rng, run, share)
        run.add(new)
        group[:] = best_of([*group, (score(task, new, 0), new)], n_elites)
        if number % MIGRATION == 0:
            leaders = [group[0] for group in groups]
            groups = [best_of([*group, leaders[k - 1]], n_elites) for k, group in enumerate(groups)]
        text = max(group[0] for group in groups)[1]
        if found is None and task.has_all(text):
            found = number + 1
    return Search(max(group[0] for group in groups)[1], found, 0, 0, 0)


def best_of(elites: Sequence[Elite], count: int) -> list[Elite]:
    return sorted(set(elites), reverse=True)[:count]


def child(group: Sequence[Elite], rng: random.Random, run: set[str], share: float) -> str:
    """Of this group, new if one is found, and never one that the checks refuse."""
    new = None
    for _ in range(TRIES):
        texts = [text for _, text in group]
        if len(texts) > 1 and rng.random() < share:
            made = merged(*rng.sample(texts, 2))
        else:
            made = edited(rng.choice(texts), rng.choice(EDITS))
        if made is None or is_refused(made):
            continue
        new = made
        if new not in run:
            break
    assert new is not None
    return new


@cache
def merged(one: str, other: str) -> str | None:
    """What both change of the first program; None where they change the same lines."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one", "first", "other")]
        for path, text in zip(paths, (one, FIRST, other), strict=True):
            path.write_text(text)
        done = subprocess.run(["git", "merge-file", "-p", *paths], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


ARMS: dict[str, Callable[[Task, int, int], Search]] = {
    "sweep": swept,
    "an idea in every trial": partial(swept, every=1),
    "one program": partial(population, n_groups=1, n_elites=1, share=0.0),
    "crossover": partial(population, n_groups=1, n_elites=ELITES, share=SHARE),
    "islands": partial(population, n_groups=3, n_elites=ELITES, share=SHARE),
}

if __name__ == "__main__":
    main()
