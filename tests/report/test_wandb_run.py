"""The sweep's own W&B run, read back from what was written offline."""

from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="wandb is not installed")

from tests.wandb_reader import read_run

from hydra_llm.report.errors import ExportError
from hydra_llm.report.wandb_run import write_run
from hydra_llm.search.log.reader import read_sweep


@pytest.fixture(scope="module")
def run(sweep_folder):
    choices = {"simulation": "signal_dale"}
    where = Path(write_run(read_sweep(sweep_folder), project="p", tags=["mine"], choices=choices))
    (path,) = where.glob("*.wandb")
    return read_run(path)


def test_it_is_grouped_with_its_trials(run, sweep_folder):
    assert (run.group, run.job_type, run.name) == (sweep_folder.name, "sweep", sweep_folder.name)
    assert run.config["metric"] == read_sweep(sweep_folder).settings.objective.metric
    assert run.config["selection"] == "puct_rank"
    assert run.tags == ["sweep", "mine"]
    assert run.config["choices"] == {"simulation": "signal_dale"}


def test_it_holds_tables_of_trials_variance_and_hypotheses(run):
    tables = [path for path in run.files if path.endswith(".table.json")]
    for name in ("trials", "variance", "hypotheses"):
        assert any(f"/{name}_" in path for path in tables), tables


def test_it_holds_best_so_far_per_result_and_what_was_selected_and_confirmed(run, sweep_folder):
    curve = [row["best_so_far"] for row in run.history if "best_so_far" in row]
    sweep = read_sweep(sweep_folder)
    assert len(curve) >= 50
    in_block = [row["best_of_block"] for row in run.history if "best_of_block" in row]
    better = max if sweep.settings.objective.direction == "maximize" else min
    assert all(better(whole, block) == whole for whole, block in zip(curve, in_block, strict=True))
    assert curve != in_block  # it has several blocks
    best = sweep.state.best()
    assert run.summary["best/trial"] == best.number
    assert run.summary[f"selected/{sweep.settings.objective.name}"] == pytest.approx(best.value)
    assert any(name.startswith("confirmed/") for name in run.summary)
    assert run.summary["cost/run_hours"] >= 0


def test_its_log_is_an_artifact(run, sweep_folder):
    assert ("events", f"{sweep_folder.name}-events") in run.artifacts


def test_a_server_that_does_not_answer_is_a_sentence(sweep_folder, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(ExportError, match="hydra-llm sync"):
        write_run(read_sweep(sweep_folder), project="p", mode="online", init_timeout_s=1.0)
