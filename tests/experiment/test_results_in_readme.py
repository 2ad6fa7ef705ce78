"""The tables of README.md and docs/regimes.md are those that the stored results give."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import readme  # noqa: E402


def test_the_tables_of_the_readme_are_what_the_results_give():
    assert readme.readme(readme.README.read_text()) == readme.README.read_text(), "run python benchmarks/readme.py"


def test_the_table_of_regimes_is_what_the_results_give():
    text = readme.REGIMES.read_text()
    assert readme.regimes(text) == text, "run python benchmarks/readme.py"
    listed = {row[1] for row in re.findall(readme.REGIME_ROW, text.partition(readme.HEADING)[2], re.MULTILINE)}
    assert listed == {path.stem for path in (ROOT / "conf" / "simulation").glob("*.yaml")}


def test_the_table_of_families_is_left_alone():
    text = readme.REGIMES.read_text()
    assert "weights with intervals" in readme.regimes(text).partition(readme.HEADING)[0]


def test_the_search_is_told_with_its_interval_and_where_it_gains_nothing():
    rows = readme.search().splitlines()[2:]
    assert len(rows) == len(readme.BUDGETS)
    assert all(re.search(r"\| [+-][\d.]+ \[[+-][\d.]+, [+-][\d.]+\] \|$", row) for row in rows)


def test_without_markers_the_page_is_refused():
    with pytest.raises(ValueError, match="must hold the lines"):
        readme.readme("# A page")
