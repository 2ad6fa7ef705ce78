"""A sweep of train.py as people run it: its W&B runs read back, and its best trial run again by the printed command."""

import json
import shlex
from pathlib import Path

import pytest

from programs import PYTHON, environment, finish

pytest.importorskip("torch", reason="the science extra is not installed")
pytest.importorskip("wandb", reason="the science extra is not installed")

from tests.wandb_reader import read_offline_run, read_run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SMALL = (
    *("simulation.n_neurons=20", "simulation.n_frames=1000", "search.trial_overrides=[]", "training.max_steps=200"),
    *("training.spline_knots=0", "training.rollout_frames=50", "callbacks.checkpoint=false"),
    *("hydra.sweeper.n_trials=3", "hydra.sweeper.proposer=rules", "hydra.sweeper.confirm.n_seeds=1"),
)


def run(words: list[str], folder: Path) -> str:
    return finish(words, folder, environment("WANDB_API_KEY", WANDB_MODE="offline"), timeout=600).stdout


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    fixed = ["-m", "hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder}/sweep", f"paths.datasets={folder}/datasets"]
    run([PYTHON, str(ROOT / "train.py"), *fixed, *SMALL], folder)
    return folder / "sweep"


def test_every_trial_is_a_run_with_its_group_parent_metrics_and_figures(sweep):
    runs = {int(path.name): read_offline_run(path / "wandb") for path in sweep.iterdir() if path.name.isdecimal()}
    assert {run.group for run in runs.values()} == {"sweep"}
    assert [runs[n].job_type for n in (0, 1, 2)] == ["block 1"] * 3
    assert runs[1].config["trial"]["parent"] == 0
    assert "signal_chaotic" in runs[0].tags
    assert {tag.partition(":")[0] for tag in runs[1].tags} >= {"role", "proposer"}
    metrics = json.loads((sweep / "1" / "metrics.json").read_text())
    assert runs[1].summary["connectivity_R2"] == pytest.approx(metrics["connectivity_R2"])
    assert runs[1].summary["selected/connectivity_R2"] == pytest.approx(metrics["connectivity_R2"])
    baseline = json.loads((sweep / "0" / "metrics.json").read_text())["connectivity_R2"]
    difference = metrics["connectivity_R2"] - baseline
    assert runs[1].summary["selected/minus_baseline"] == pytest.approx(difference)
    assert runs[1].summary["test/R2"] == pytest.approx(metrics["test_R2"])
    scores = [json.loads((sweep / str(n) / "metrics.json").read_text())["connectivity_R2"] for n in (0, 1, 2)]
    leads = [score == max(scores[: n + 1]) for n, score in enumerate(scores)]
    assert [any(path.endswith(".png") for path in runs[n].files) for n in (0, 1, 2)] == leads
    ids = [run.config["trial"]["configuration_id"] for run in runs.values()]
    assert len(set(ids)) < len(ids), "replicates share a configuration_id"


def test_the_sweep_is_a_run_beside_them(sweep):
    (path,) = (sweep / "wandb").glob("offline-run-*/*.wandb")
    found = read_run(path)
    assert (found.group, found.job_type, found.tags) == ("sweep", "sweep", ["sweep"])
    assert found.config["choices"]["simulation"] == "signal_chaotic"
    assert any("/trials_" in name for name in found.files)
    assert any("tree" in name and name.endswith(".png") for name in found.files)


def test_the_command_of_the_best_trial_gives_the_recorded_metric(sweep, tmp_path):
    tool = [PYTHON, "-m", "hydra_llm.cli"]
    command = shlex.split(run([*tool, "best", str(sweep), "--command"], tmp_path))
    row = json.loads(run([*tool, "best", str(sweep), "--json"], tmp_path))
    assert command[0] == "python"
    run([PYTHON, *command[1:], f"hydra.run.dir={tmp_path}/again", "logger=none"], sweep.parent)
    again = json.loads((tmp_path / "again" / "metrics.json").read_text())
    assert again["connectivity_R2"] == row["value"]
