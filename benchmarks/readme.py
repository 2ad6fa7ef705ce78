"""The tables of results in README.md and docs/regimes.md, from what the other benchmarks stored.

python benchmarks/readme.py     # writes what stands between the markers, which a test compares with the results
"""

import argparse
import re
from pathlib import Path

import robustness
from _report import RESULTS, ROOT

README, REGIMES = ROOT / "README.md", ROOT / "docs" / "regimes.md"
BEGIN, END = "<!-- results: python benchmarks/readme.py -->", "<!-- end of results -->"
SHOWN = {  # of the regimes: easy ones, hard ones, and one whose model is wrong
    "signal_chaotic": "rate network, chaotic (default)",
    "signal_low_rank": "weights of rank 20",
    "signal_slopes": "three types, fitted as if there were one",
    "signal_noisy": "process noise",
    "flyvis_scenes": "the fly's visual system, 1,203 neurons",
    "metabolism_oscillatory": "90 reactions in autocatalytic cycles",
    "metabolism_rank_50": "256 reactions, 17 undetermined by any data",
}
REGIME_ROW = r"^(\| `((?:signal|flyvis|metabolism)_\w+|recording|petab|sbml)` \|.*\|) [^|]* \| [^|]* \|$"
HEADING = "## Every regime"  # above the table; another one has a row of the same name
BUDGETS = (  # best and worst: the page of results has the others
    "Recorded trainings: 24 trials, 1 slot",
    "Recorded trainings: 100 trials, 1 slot",
    "Noisy functions: 100 trials, 1 slot",
)


def main() -> None:
    argparse.ArgumentParser(description="Write the tables of README.md and docs/regimes.md.").parse_args()
    README.write_text(readme(README.read_text()))
    REGIMES.write_text(regimes(REGIMES.read_text()))


def readme(text: str) -> str:
    """The page with new tables between the markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"README.md must hold the lines {BEGIN!r} and {END!r}, with the tables between them.")
    return f"{before}{BEGIN}\n{recovery()}\n\n{search()}\n{END}{after}"


def regimes(text: str) -> str:
    """The page with the last two columns of its table of regimes written anew."""

    def retold(row: re.Match[str]) -> str:
        return f"{row[1]} {robustness.told(row[2], 'recording')} | {robustness.told(row[2], 'oracle derivative')} |"

    before, heading, table = text.partition(HEADING)
    return before + heading + re.sub(REGIME_ROW, retold, table, flags=re.MULTILINE)


def recovery() -> str:
    lines = ["| `simulation=` | what it is | recording alone | oracle derivative |", "|---|---|---|---|"]
    for case, what in SHOWN.items():
        told = (robustness.told(case, target) for target in robustness.TARGETS)
        lines.append(f"| `{case}` | {what} | {' | '.join(told)} |")
    return "\n".join(lines)


def search(page: Path = RESULTS / "search.md") -> str:
    """Scores of our Gaussian process and of TPE, and their paired difference, by group of tasks and budget."""
    head = "| search without a language model: [score](benchmarks/results/search.md), optimum 1 "
    lines = [head + "| `llm_ucb` | TPE of Optuna 5.0 | paired difference [95 %] |", "|---|---|---|---|"]
    for part in page.read_text().split("\n## "):
        title, _, table = part.partition("\n")
        if title in BUDGETS:
            names, *rows = filter(None, map(_cells, table.splitlines()))
            scores = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
            ours, theirs = scores["bayes"], scores["optuna-tpe"]
            difference = ours["minus optuna-tpe [95 %]"]
            lines.append(f"| {title[0].lower()}{title[1:]} | {ours['score']} | {theirs['score']} | {difference} |")
    return "\n".join(lines)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []


if __name__ == "__main__":
    main()
