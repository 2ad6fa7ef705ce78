"""Every command that reads a sweep, on a log of version 1."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hydra_llm.cli.main import app

SWEEP = Path(__file__).parents[1] / "data" / "sweep_of_schema_1"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SWEEP, tmp_path / "sweep"))


def run(*arguments):
    result = CliRunner().invoke(app, [str(item) for item in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_report_tells_who_proposed_and_what_was_learned(folder):
    run("report", folder)
    page = (folder / "report.html").read_text()
    for text in (
        "all 18 trials are used",
        "x lower helps, seen at 10",
        "Prefer small x.",
        "nonsense is not a parameter",
    ):
        assert text in page


def test_tree_draws_it(folder, tmp_path):
    run("tree", folder, "-o", tmp_path / "tree.svg")
    assert "<svg" in (tmp_path / "tree.svg").read_text()


def test_show_tells_of_a_trial_that_the_rules_stepped_in_for(folder):
    shown = run("show", 8, folder)
    assert "rules (llm failed: 3 answers with errors" in shown
    assert "score 1.07459" in shown


def test_export_writes_every_trial_with_its_value(folder, tmp_path):
    run("export", folder, "--csv", tmp_path / "trials.csv")
    rows = list(csv.DictReader((tmp_path / "trials.csv").read_text().splitlines()))
    told = [line for line in map(json.loads, (SWEEP / "events.jsonl").read_text().splitlines()) if "state" in line]
    assert {int(row["trial"]): float(row["value"]) for row in rows} == {line["number"]: line["value"] for line in told}


def test_best_and_compare_and_decisions_are_read(folder):
    assert "10" in run("best", folder)
    run("compare", folder, folder)
    assert "trial 11" in run("repeat", folder)
