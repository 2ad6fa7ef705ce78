"""show, best, compare, export, doctor, gc: from a sweep folder, in sentences."""

import csv
import json
import os
import re
import time

import pytest
from typer.testing import CliRunner

from hydra_llm.cli.main import app, main
from hydra_llm.search.proposers.base import Proposer, ProposerError, ask, mutate
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState

runner = CliRunner()


@pytest.fixture
def folder(tmp_path):
    """Six trials on x and kind; number 3 failed."""
    space = Space(
        (
            Float(name="x", low=1e-3, high=1, default=0.5, log=True),
            Categorical(name="kind", choices=("a", "b"), default="a"),
        )
    )
    wanted = Settings(
        space=space, objective=Objective("loss", "minimize"), n_trials=6, n_parallel=1, seed=0, seed_keys=("seed",)
    )
    study = Study(tmp_path / "s", wanted, make_policy("puct_rank", None), make_proposer("random", {}), argv=["t"])
    (tmp_path / "s" / ".trials").mkdir()
    while not study.is_over:
        (trial,) = study.launched(study.ask(1))
        record = {"command": f"python app.py x={trial.values['x']}", "cwd": "/"}
        (tmp_path / "s" / ".trials" / f"{trial.number}.json").write_text(json.dumps(record))
        if trial.number == 3:
            error = TrialError("ValueError", "too far", "Traceback ...\nValueError: too far\n")
            study.tell(3, Outcome(TrialState.FAILED, error=error))
            continue
        value = trial.values["x"] ** 2
        metrics = {"loss": value, "size": 3.0}
        study.tell(trial.number, Outcome(TrialState.COMPLETED, value=value, metrics=metrics, started=10.0, ended=12.5))
    study.finish("all 6 trials are used")
    study.close()
    return tmp_path / "s"


def run(*arguments):
    result = runner.invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_show_prints_difference_metrics_time_and_command(folder):
    text = run("show", 1, folder)
    assert text.startswith("Trial 1 · COMPLETED · loss")
    for words in ("Against trial 0", "kind = ", "size = 3", "wall time: 2.5 s", "again: python app.py x="):
        assert words in text


def test_show_prints_an_error_with_its_traceback(folder):
    text = run("show", 3, folder)
    assert "Trial 3 · FAILED" in text
    assert "ValueError: too far" in text


def test_show_as_json_is_the_row_of_an_export(folder):
    row = json.loads(run("show", 1, folder, "--json"))
    assert row["trial"] == 1
    assert row["metric/size"] == 3.0


def test_a_command_that_was_recorded_without_the_configuration_of_its_sweep_is_printed_with_it(folder):
    log = folder / "events.jsonl"
    log.write_text(log.read_text().replace('"argv": ["t"]', '"argv": ["t", "-m", "-cn", "other"]'))
    number = json.loads(run("best", folder, "--json"))["trial"]
    for text in (run("best", folder, "--command"), run("show", number, folder)):
        assert re.search(r"python app.py x=\S+ --config-name=other$", text, re.MULTILINE)
    record = folder / ".trials" / f"{number}.json"
    record.write_text(json.dumps({"command": "python app.py -cn other x=1"}))
    assert run("best", folder, "--command").strip() == "python app.py -cn other x=1"


def test_best_is_the_smallest_loss_and_its_command_runs_it_again(folder):
    run("export", folder, "--csv", folder / "t.csv")
    with (folder / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    least = min((row for row in rows if row["value"]), key=lambda row: float(row["value"]))
    assert run("best", folder).startswith(f"Trial {least['trial']} ·")
    assert run("best", folder, "--command").strip() == f"python app.py x={least['param/x']}"


def test_compare_shows_what_differs_between_trials_and_between_sweeps(folder):
    text = run("compare", 0, 1, "--sweep", folder)
    assert "trial 0" in text
    assert sum(line.split("│")[1].strip() == "loss" for line in text.splitlines() if "│" in line) == 1
    assert "size" not in text  # the same in both
    text = run("compare", folder, folder)
    assert "best trial" in text
    assert "all 6 trials are used" in text


class Unsteady(Proposer):
    """Moves x for the first slots that it is asked for, then is out."""

    name = "unsteady"

    def __init__(self):
        self.moves = iter((0.4, 0.1))

    def propose(self, context):
        if not len(context.tree):
            return ask(RulesProposer(), context)
        x = next(self.moves, None)
        if x is None:
            raise ProposerError("It is out.")
        return [
            mutate(context, slot, 0, {**context.space.baseline(), "x": x}, strategy="s", source=self.name)
            for slot in context.slots
        ]


def test_compare_shows_who_proposed_and_how_far_each_got(tmp_path):
    space = Space((Float(name="x", low=1e-3, high=1, default=0.5),))
    wanted = Settings(space, Objective("loss", "minimize"), n_trials=4, n_parallel=1, seed=0, seed_keys=("seed",))
    study = Study(tmp_path / "s", wanted, make_policy("puct_rank", None), Unsteady(), argv=["t"])
    while not study.is_over:
        (trial,) = study.launched(study.ask(1))
        study.tell(trial.number, Outcome(TrialState.COMPLETED, value=trial.values["x"]))
    study.close("done")
    rows = {
        line.split("│")[1].strip(): line.split("│")[2].strip()
        for line in run("compare", tmp_path / "s", tmp_path / "s").splitlines()
        if "│" in line
    }
    assert rows["by unsteady"] == "2 trials, best gain +0.4 (trial 2)"
    assert rows["the baseline"] == "1 trial", "it is by nobody, and gains nothing on itself"
    assert rows["by rules, in place of unsteady"].startswith("1 trial")


def test_csv_has_a_row_per_trial_and_the_error_of_a_failed_one(folder, tmp_path):
    run("export", folder, "--csv", tmp_path / "t.csv")
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert rows[3]["error"] == "ValueError: too far"
    assert rows[3]["value"] == ""


def test_an_optuna_study_holds_the_trials_with_states_values_and_lineage(folder, tmp_path):
    optuna = pytest.importorskip("optuna")
    storage = f"sqlite:///{tmp_path}/x.db"
    run("export", folder, "--optuna", storage, "--name", "mine")
    study = optuna.load_study(study_name="mine", storage=storage)
    assert len(study.trials) == 6
    assert study.direction.name == "MINIMIZE"
    assert [trial.state.name for trial in study.trials].count("FAIL") == 1
    assert study.best_value == min(trial.value for trial in study.trials if trial.value is not None)
    assert study.trials[1].user_attrs["parent"] == 0
    assert isinstance(study.trials[1].distributions["x"], optuna.distributions.FloatDistribution)
    result = runner.invoke(app, ["export", str(folder), "--optuna", storage, "--name", "mine"])
    assert "already" in str(result.exception)


def test_parquet_without_its_package_is_a_sentence(folder, tmp_path, monkeypatch, capsys):
    import builtins
    import sys

    real = builtins.__import__

    def without(name, *args, **options):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(sys, "argv", ["hydra-llm", "export", str(folder), "--parquet", str(tmp_path / "t.parquet")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "pip install 'hydra-llm[parquet]'" in capsys.readouterr().err


def test_parquet_keeps_types(folder, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    run("export", folder, "--parquet", tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.num_rows == 6
    assert str(table.schema.field("value").type) == "double"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "99"], "holds no trial 99. There are 0 to 5"),
        (["best", "--command", "--full"], "was not confirmed at the full budget"),
        (["repeat", "--decision", "1"], "has no decision 1"),
    ],
)
def test_what_is_not_there_is_one_sentence(folder, monkeypatch, capsys, arguments, words):
    import sys

    place = [str(folder)]
    line = ["hydra-llm", *arguments[:1], *place, *arguments[1:]] if arguments[0] == "repeat" else None
    line = line or ["hydra-llm", *arguments, *place]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert words in capsys.readouterr().err


def test_doctor_finds_the_plugin_and_tells_how_the_sweep_stands(folder):
    text = run("doctor", folder)
    assert "sweeper plugin: Hydra finds it" in text
    assert "6 search trials, 1 failed" in text
    assert "ended: all 6 trials are used" in text
    assert "sk-" not in text


def test_gc_lists_what_can_go_and_deletes_only_when_told(folder, tmp_path):
    best = run("best", folder).split()[1]
    for number in range(6):
        (folder / str(number) / "checkpoints").mkdir(parents=True)
        (folder / str(number) / "checkpoints" / "best.ckpt").write_bytes(b"0" * 1000)
    old = tmp_path / "datasets" / "abc"
    (old / "observations").mkdir(parents=True)
    (old / "record.json").write_text("{}")
    draft = tmp_path / "datasets" / ".tmp-abc-host-1-00000000"
    draft.mkdir()
    past = time.time() - 40 * 86400
    for path in (old / "record.json", draft):
        os.utime(path, (past, past))
    text = run("gc", tmp_path)
    assert text.count("did not win") == 5
    assert old.exists()
    assert draft.exists()
    run("gc", tmp_path, "--yes")
    assert not old.exists()
    assert not draft.exists()
    assert [n for n in range(6) if (folder / str(n) / "checkpoints").exists()] == [int(best)]
