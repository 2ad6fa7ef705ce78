"""The page of benchmarks/scientist.py: digits by family and arm, differences paired by seed, and what did not run."""

import math
import statistics
from collections.abc import Sequence
from itertools import product

from _family_runs import FAMILIES
from _report import Row
from scipy.stats import t as student

ARMS = ("rules", "scientist", "blind")
TITLES = {"blind": "the scientist, without open moves, changes and candidates"}
WRITTEN_ON = 5  # search seeds below this were looked at, their recordings too
NEAREST = 1e-9  # to the ceiling that is told apart
NOTE = (
    "24 trials a sweep. Digits of accuracy (-log10 of the distance to 1) of the selected configuration on four "
    "recordings that no sweep sees, a failed fit counted as R2 = 0; arms are paired by search seed, which also chooses "
    "the recording that a sweep starts on. +- is the 95 % interval of Student's t over search seeds. The scientist is "
    "benchmarks/_scientist.py: it reads nothing but the text of the question, and was written on search seeds 0 to 4; "
    "the others have recordings of their own. Regimes and spaces: benchmarks/_family_runs.py; learning "
    "rates are rounded to a quarter of a decade, so that sweeps share runs."
)


def table(rows: Sequence[Row]) -> list[Row]:
    """One row for a family and an arm: digits, and the paired difference to the rules."""
    scores = {(row["family"], row["arm"], row["seed"]): digits(row["fresh"]) for row in rows}
    start = {(row["family"], row["seed"]): digits(row["baseline"]) for row in rows}
    found: list[Row] = []
    for seen, family, arm in product((False, True), FAMILIES, ARMS):
        own = {
            seed: score
            for (f, a, seed), score in scores.items()
            if (f, a) == (family, arm) and (seed < WRITTEN_ON) is seen
        }
        pairs = [score - scores[family, "rules", s] for s, score in own.items() if (family, "rules", s) in scores]
        if own:
            found.append(
                {
                    "family": family,
                    "proposals by": TITLES.get(arm, arm),
                    "search seeds": _spoken(sorted(own)) + (" (written on them)" if seen else ""),
                    "digits of the baseline": f"{statistics.mean(start[family, seed] for seed in own):.2f}",
                    "digits of the selected": f"{statistics.mean(own.values()):.2f}",
                    "minus rules": "" if arm == "rules" or len(pairs) < 2 else interval(pairs),
                    "seeds won": "" if arm == "rules" else f"{sum(p > 0 for p in pairs)} of {len(pairs)}",
                }
            )
    return found


def interval(values: Sequence[float]) -> str:
    half = float(student.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):+.2f} +- {half:.2f}"


def _spoken(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def note(rows: Sequence[Row]) -> str:
    """What the table shows, and which arms have no sweep on recordings that the scientist was not written on."""
    there = {(row["family"], row["arm"]) for row in rows if row["seed"] >= WRITTEN_ON}
    lacking = {family: [arm for arm in ARMS if (family, arm) not in there] for family in FAMILIES}
    words = [f"{family} ({', '.join(arms)})" for family, arms in lacking.items() if arms]
    return NOTE + (f" Not run on search seeds from {WRITTEN_ON} on: {'; '.join(words)}." if words else "")


def digits(scores: Sequence[float | None]) -> float:
    """Mean digits of accuracy; a run that failed has recovered nothing, as R2 = 0 has."""
    return statistics.mean(-math.log10(max(NEAREST, 1.0 - (score or 0.0))) for score in scores)
