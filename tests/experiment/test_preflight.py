"""What a run needs is said before it simulates."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.scratch import LARGE  # noqa: E402
from hydra_llm.experiment.preflight import preflight, size  # noqa: E402
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
