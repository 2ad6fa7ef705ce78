"""The code that a sweep changed: on its page, and as a file."""

import pytest
from code_worlds import BEST, BETTER, CRASHES, code_study, idea, on_best, run
from report_worlds import long_sweep
from typer.testing import CliRunner

from hydra_llm.cli.main import app
from hydra_llm.code.rules import Rules
from hydra_llm.code.source import Source
from hydra_llm.report.errors import ExportError
from hydra_llm.report.page import render
from hydra_llm.report.sections.programs import programs
from hydra_llm.report.strategy_file import strategy_text, to_strategy
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.records.revisions import evidence

CANNOT_FIX = {**idea("", hypothesis=""), "file": None, "give_up": "CANNOT_FIX"}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    answers = [idea(BETTER, hypothesis="Two is <b>more</b>."), idea(CRASHES), CANNOT_FIX, on_best(BEST)]
    run(code_study(folder, answers, n_trials=10)).close("all trials are used")
    return read_sweep(folder)


def test_every_revision_stands_below_the_one_that_it_was_made_of_with_its_change(swept):
    found = programs(swept)
    assert [(row.evidence.revision.name, row.depth) for row in found] == [("r1", 1), ("r3", 2), ("r2", 1)]
    first = found[0]
    assert (first.added, first.removed) == (1, 1)
    assert [line.text.strip() for line in first.lines if line.kind == "added"] == ["return 2.0 - (x - 0.3) ** 2"]
    assert found[2].evidence.fate.startswith("given up: trial 4 crashed in it")


def test_the_page_shows_them_and_escapes_what_a_model_wrote(swept):
    page = render(swept)
    assert '<section id="code">' in page
    assert '<a href="#code">Code</a>' in page
    assert "Two is &lt;b&gt;more&lt;/b&gt;." in page


def test_a_sweep_that_changes_no_code_has_no_such_section(tmp_path):
    page = render(read_sweep(long_sweep(tmp_path, 4, 0).folder))
    assert 'id="code"' not in page
    assert 'href="#code"' not in page


def test_the_best_code_is_a_file_that_says_what_it_gave_and_passes_the_checks(swept, tmp_path):
    text = to_strategy(swept, tmp_path / "best.py").read_text()
    assert text.startswith("# It is better.\n#\n# Revision r3 (")
    parent = next(seen.revision.parent for seen in evidence(swept.state) if seen.revision.name == "r3")
    alone = f"The code alone, at the parameters of trial {parent}: score +1 against trial {parent}, which differs"
    assert alone in text.replace("\n# ", " ")
    assert "#   r1: Two is <b>more</b>.\n#   r3: It is better." in text
    assert text.endswith(BEST)
    assert Rules().problems(text) == []
    assert Source(tmp_path / "best.py").module().Score().value(0.3) == 3.0


def test_where_no_change_was_better_there_is_no_file_and_a_sentence(tmp_path):
    run(code_study(tmp_path, [], n_trials=3)).close("all trials are used")
    with pytest.raises(ExportError, match="runs the code that the sweep started from"):
        strategy_text(read_sweep(tmp_path))


def test_a_sweep_without_code_has_nothing_to_export(tmp_path):
    with pytest.raises(ExportError, match="changed no code"):
        strategy_text(read_sweep(long_sweep(tmp_path, 4, 0).folder))


def test_the_command_writes_a_python_file_only(swept, tmp_path):
    path = tmp_path / "mine.py"
    done = CliRunner().invoke(app, ["export", str(swept.folder), "--strategy", str(path)])
    assert (done.exit_code, done.output.strip()) == (0, str(path))
    assert path.is_file()
    with pytest.raises(ExportError, match="must name a Python file"):
        to_strategy(swept, tmp_path / "mine.txt")
