"""Each choice of `logger` leaves the run's metrics where people look for them."""

import importlib.util

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.errors import ExperimentError


def test_csv_files_hold_the_metrics(run_tiny, tmp_path):
    metrics = run_tiny("logger=csv")
    text = (tmp_path / "run" / "csv" / "metrics.csv").read_text()
    assert "connectivity_R2" in text.splitlines()[0]
    assert f"{metrics['connectivity_R2']:.4f}"[:5] in text


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_tensorboard_holds_the_metrics(run_tiny, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    metrics = run_tiny("logger=tensorboard")
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert events.Scalars("connectivity_R2")[-1].value == pytest.approx(metrics["connectivity_R2"], rel=1e-5)


@pytest.mark.slow  # it migrates a fresh data base
@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow_holds_the_metrics(run_tiny, tmp_path):
    from mlflow.tracking import MlflowClient

    place = f"sqlite:///{tmp_path}/mlflow.db"
    metrics = run_tiny("logger=mlflow", f"logger.mlflow.tracking_uri={place}")
    client = MlflowClient(place)
    experiment = client.get_experiment_by_name("hydra-llm")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.metrics["connectivity_R2"] == pytest.approx(metrics["connectivity_R2"])
    assert run.info.status == "FINISHED"


def test_without_a_logger_metrics_json_is_written_all_the_same(run_tiny, tmp_path):
    run_tiny("logger=none")
    assert (tmp_path / "run" / "metrics.json").exists()


def test_a_logger_whose_package_is_missing_is_a_sentence(run_tiny, monkeypatch):
    import lightning.pytorch.loggers.tensorboard as board

    def missing(*args, **options):
        raise ModuleNotFoundError("Neither `tensorboard` nor `tensorboardX` is available.")

    monkeypatch.setattr(board.TensorBoardLogger, "__init__", missing)
    with pytest.raises(ExperimentError, match="logger=tensorboard needs a package that is not installed"):
        run_tiny("logger=tensorboard")
