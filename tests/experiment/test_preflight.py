"""What a run needs is said before it simulates."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.experiment.preflight import preflight, size  # noqa: E402
from hydra_llm.families.errors import ExperimentError  # noqa: E402


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
