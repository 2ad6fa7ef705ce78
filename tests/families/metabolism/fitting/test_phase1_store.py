"""First phases kept beside the datasets."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.errors import DatasetError  # noqa: E402
from hydra_llm.families.metabolism.fitting import phase1_store  # noqa: E402

TENSORS = {"log_k": torch.linspace(-2, -1, 5, dtype=torch.float64)}


def test_what_is_stored_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "phase1" / "a.pt"
    phase1_store.save(TENSORS, path)
    assert torch.equal(phase1_store.load(path)["log_k"], TENSORS["log_k"])
    assert [file.name for file in path.parent.iterdir()] == ["a.pt"]  # nothing half-written beside it


def test_the_place_depends_on_the_recording_and_on_every_key(tmp_path):
    dataset, other = tmp_path / "datasets" / "abc", tmp_path / "datasets" / "abd"
    places = {
        phase1_store.stored_at(dataset, {"seed": 0}),
        phase1_store.stored_at(dataset, {"seed": 1}),
        phase1_store.stored_at(other, {"seed": 0}),
    }
    assert len(places) == 3
    assert {place.parent for place in places} == {tmp_path / "phase1"}


def test_the_checkpoint_of_a_run_is_read_too(tmp_path):
    path = tmp_path / "best.ckpt"
    torch.save({"state_dict": {"net.log_k": TENSORS["log_k"]}}, path)
    assert torch.equal(phase1_store.load(path)["log_k"], TENSORS["log_k"])


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="no space"):
        phase1_store.save(TENSORS, tmp_path / "a.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"no checkpoint"])
def test_a_file_that_is_none_of_ours_is_told_in_a_sentence(tmp_path, content):
    path = tmp_path / "x.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.pt"):
        phase1_store.load(path)
