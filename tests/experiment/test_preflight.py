"""What a run needs is said before it simulates."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data import scratch  # noqa: E402
from hydra_llm.data.scratch import LARGE  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.estimation.estimates import Estimates  # noqa: E402
from hydra_llm.experiment.preflight import preflight, scratch_bytes, size  # noqa: E402
from hydra_llm.families.errors import ExperimentError  # noqa: E402
from hydra_llm.families.flyvis.memory import HELD_ARRAYS  # noqa: E402


def test_the_sentence_counts_all_splits_and_arrays(make_signal_system, tmp_path):
    system = make_signal_system(n_neurons=10, n_frames=1000, dtype="float64")
    n_bytes = sum(system.n_frames.values()) * 10 * 8
    assert f"Needs {size(n_bytes)} of disk" in preflight(system, tmp_path / "not" / "there", "cpu")


def test_a_gpu_that_is_too_small_is_refused_with_numbers(make_signal_system, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1000, 2000))
    with pytest.raises(ExperimentError, match=r"on the GPU, 1 kB of 2 kB are free.*trainer=default"):
        preflight(make_signal_system(n_neurons=10, n_frames=1000), tmp_path, "gpu")
    assert "GPU" not in preflight(make_signal_system(n_neurons=10, n_frames=1000), Path(tmp_path), "cpu")


def free_disk(monkeypatch, n_bytes):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=n_bytes))


def test_files_of_the_fit_are_announced_beside_the_recording(make_signal_system, tmp_path, monkeypatch):
    free_disk(monkeypatch, 9e9)
    system = make_signal_system(n_neurons=10, n_frames=1000)
    told = preflight(system, tmp_path, "cpu", scratch=7e9)
    assert " and 7 GB more while the fit runs (9 GB free)" in told


def test_a_disk_without_room_for_recording_and_fit_is_refused_with_sizes_and_remedy(
    make_signal_system, tmp_path, monkeypatch
):
    free_disk(monkeypatch, 8e9)
    system = make_signal_system(n_neurons=10, n_frames=1000)
    expected = r"needs 9 GB of disk in .*, 2 GB to record and 7 GB while the fit runs, and 8 GB are free\. Free some"
    with pytest.raises(ExperimentError, match=expected):
        preflight(system, tmp_path, "cpu", missing=2e9, scratch=7e9)
    assert preflight(system, tmp_path, "cpu", missing=0.0, scratch=7e9)  # recorded already


def test_the_files_that_are_counted_are_those_that_a_fit_reserves(run_tiny, compose_config, tmp_path, monkeypatch):
    """Frames of differences at the end of a sequence are fewer, so the count is a little high."""
    reserved, systems = [], []
    monkeypatch.setattr(scratch, "LARGE", 1000)
    reserve, count = scratch._reserve, scratch_bytes
    monkeypatch.setattr(scratch, "_reserve", lambda file, n: (reserved.append(n), reserve(file, n)))
    monkeypatch.setattr(
        "hydra_llm.experiment.pipeline.scratch_bytes",
        lambda system, target: systems.append(count(system, target)) or 0.0,
    )
    run_tiny("training.target=flow", "training.refinements=0", "training.max_steps=5")
    (dataset,) = (path.parent for path in (tmp_path / "datasets").glob("*/record.json"))
    reserved.clear()
    estimates = Estimates(dataset, compose_config("training.target=flow").training)
    for split in ("train", "validation", "test"):
        estimates.frames(split)
    assert 0.95 * systems[0] <= sum(reserved) <= systems[0]


@pytest.mark.parametrize("target", ["drift", "smoothed", "weak"])
def test_targets_without_files_take_no_more_disk(make_signal_system, monkeypatch, target):
    monkeypatch.setattr(scratch, "LARGE", 1000)
    system = make_signal_system(n_neurons=10, n_frames=1000)
    assert scratch_bytes(system, target) == 0 < scratch_bytes(system, "auto")


def test_the_published_size_of_the_fly_takes_some_seven_gigabytes_while_it_is_fitted():
    splits = {"train": 64_000, "validation": 2_000, "test": 2_000}
    arrays = {"activity": 13_741, "external": 1_736}
    eye = SimpleNamespace(n_frames=splits, n_units=13_741, dtype="float32", arrays=lambda: arrays)
    assert size(scratch_bytes(eye, "auto")) == "7.48 GB"  # type: ignore[arg-type]


def test_all_of_a_recording_is_missing_before_it_is_begun(make_signal_system, tmp_path):
    system = make_signal_system(n_neurons=10, n_frames=1000, dtype="float64")
    assert DatasetStore(tmp_path).missing(system) == sum(system.n_frames.values()) * 10 * 8


@pytest.mark.parametrize(("n_bytes", "text"), [(0, "0 B"), (999, "999 B"), (24e6, "24 MB"), (1.5e9, "1.5 GB")])
def test_sizes_read_as_disks_are_sold(n_bytes, text):
    assert size(n_bytes) == text


def test_too_little_memory_is_a_warning_with_the_remedy(make_signal_system, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2e9))
    system = make_signal_system(n_neurons=10, n_frames=1000)
    with caplog.at_level(logging.WARNING):
        assert "about 3 GB of memory for the run (2 GB free)" in preflight(system, tmp_path, "cpu", memory=3e9)
    assert "needs about 3 GB of memory and 2 GB are free" in caplog.text
    assert "simulation.n_frames" in caplog.text
    caplog.clear()
    preflight(system, tmp_path, "cpu", memory=1e9)
    assert not caplog.records


MEASURED = json.loads((Path(__file__).parents[2] / "benchmarks/results/flyvis_scale.json").read_text())["rows"]


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: f"extent {row['extent']}, {row['frames']} frames")
def test_the_memory_that_is_announced_is_within_a_factor_of_two_of_what_runs_took(row):
    assert 0.5 < row["estimated memory (GB)"] / (row["peak memory (GB)"] - pages_of_files(row)) < 2


def pages_of_files(row):
    """GB of frames that lie on the disk: what was read of them stays in memory until the system takes it back."""
    states = row["frames"] * row["neurons"] * 4
    return HELD_ARRAYS * states / 1e9 if states > LARGE else 0.0
