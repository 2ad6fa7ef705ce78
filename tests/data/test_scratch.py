"""Large arrays go to a file without a name, and a full disk is a sentence."""

import errno

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data import scratch  # noqa: E402
from hydra_llm.data.errors import DatasetError  # noqa: E402
from hydra_llm.data.scratch import on_disk, room  # noqa: E402


def test_a_large_array_holds_its_numbers_and_leaves_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "LARGE", 100)
    first, second = (room((30, 4), torch.float64, tmp_path) for _ in range(2))
    first.fill_(1)
    second.fill_(2)
    assert not list(tmp_path.iterdir())
    assert (first.shape, first.dtype, float(first.sum()), float(second.sum())) == ((30, 4), torch.float64, 120, 240)


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "LARGE", 100)
    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(DatasetError, match=r"takes 0\.0 GB of .* No space left on device\. Free some space"):
        room((30, 4), torch.float64, tmp_path)


def test_what_is_small_or_has_no_folder_stays_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tempfile.TemporaryFile", lambda **_: (_ for _ in ()).throw(AssertionError("a file was opened"))
    )
    room((30, 4), torch.float64, tmp_path)
    monkeypatch.setattr(scratch, "LARGE", 100)
    room((30, 4), torch.float64, None)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("large", [100, 10_000])
def test_a_stored_array_is_read_as_it_is_and_never_changed(tmp_path, monkeypatch, large):
    numbers = np.arange(60.0).reshape(30, 2)
    np.save(tmp_path / "a.npy", numbers)
    monkeypatch.setattr(scratch, "LARGE", large)
    read = on_disk(np.load(tmp_path / "a.npy", mmap_mode="r"))
    assert torch.equal(read, torch.from_numpy(numbers))
    read[0] = 5
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), numbers)
