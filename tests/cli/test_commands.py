import sys

import pytest
from typer.testing import CliRunner

from hydra_llm.cli.main import app, main
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialState
from programs import imported

runner = CliRunner()


@pytest.fixture
def folder(tmp_path):
    space = Space((Float(name="x", low=0, high=1, default=0.5),))
    wanted = Settings(space=space, objective=Objective("loss", "minimize"), n_trials=5, n_parallel=1, seed=0)
    study = Study(tmp_path, wanted, make_policy("puct_rank", None), make_proposer("random", {}), argv=["t"])
    while not study.is_over:
        (trial,) = study.launched(study.ask(1))
        study.tell(trial.number, Outcome(TrialState.COMPLETED, value=trial.values["x"] ** 2))
    study.close("all 5 trials are used")
    return tmp_path


def test_report_writes_into_the_sweep_folder_and_prints_where(folder):
    result = runner.invoke(app, ["report", str(folder)])
    assert result.exit_code == 0
    assert result.stdout.strip() == str(folder / "report.html")
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_report_of_a_finished_sweep_does_not_watch_for_ever(folder):
    result = runner.invoke(app, ["report", str(folder), "--watch"])
    assert result.exit_code == 0
    assert "The sweep has ended" in result.stdout


def test_tree_writes_the_format_that_the_suffix_names(folder, tmp_path):
    result = runner.invoke(app, ["tree", str(folder), "-o", str(tmp_path / "t.svg"), "--labels", "all"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "t.svg").read_text().startswith("<?xml")


def test_what_can_not_be_done_is_one_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["hydra-llm", "report", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"hydra-llm: {tmp_path} holds no events.jsonl")


@pytest.mark.parametrize("arguments", [["report", "/nowhere/at/all"], ["tree", "--labels", "some"], ["dance"]])
def test_wrong_usage_is_exit_code_2(arguments):
    assert runner.invoke(app, arguments).exit_code == 2


def test_help_loads_neither_the_page_nor_plotting():
    code = (
        "from typer.testing import CliRunner\nfrom hydra_llm.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert imported(code, "matplotlib", "jinja2", "optuna", "torch") == []


def test_check_names_what_a_sweep_would_refuse(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import os\n")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 1
    assert "Line 1: it imports os" in result.output
