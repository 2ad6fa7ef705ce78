"""A stored result is read back equal, and only what is whole and ours is read."""

import dataclasses
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.errors import DatasetError  # noqa: E402
from hydra_llm.data.results import read_result, write_result  # noqa: E402
from hydra_llm.families.evaluation import OracleReport  # noqa: E402
from hydra_llm.families.flyvis.oracle.report import OracleParameters  # noqa: E402


@pytest.fixture
def report():
    vector = torch.linspace(0, 1, 3000, dtype=torch.float64)
    found = OracleParameters(W=vector, tau=vector.float(), v_rest=vector * float("inf"), found=vector > 0.5)
    scores = {"oracle_W_R2": 0.1 + 0.2, "oracle_condition_number": float("inf")}
    return OracleReport({"neurons": (found, None), "names": ["a", "b"]}, scores, "What is known.")


def test_a_result_is_read_back_to_the_last_digit_with_its_classes(report, tmp_path):
    write_result(tmp_path / "folder" / "result.npz", report)
    read = read_result(tmp_path / "folder" / "result.npz")
    assert (read.scores, read.sentence, read.found["names"]) == (report.scores, report.sentence, ["a", "b"])
    (ours, nothing), (theirs, _) = read.found["neurons"], report.found["neurons"]
    assert nothing is None
    assert type(ours) is OracleParameters
    for field in dataclasses.fields(ours):
        torch.testing.assert_close(
            getattr(ours, field.name), getattr(theirs, field.name), rtol=0, atol=0, equal_nan=True
        )


def test_a_single_changed_byte_of_a_tensor_is_noticed(report, tmp_path):
    path = tmp_path / "result.npz"
    write_result(path, report)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"result\.npz cannot be read"):
        read_result(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_what_is_no_archive_is_a_dataset_error(content, tmp_path):
    (tmp_path / "result.npz").write_bytes(content)
    with pytest.raises(DatasetError, match="cannot be read"):
        read_result(tmp_path / "result.npz")


def test_an_object_that_would_need_a_pickle_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(TypeError, match="dataclasses, tensors and plain values, got PosixPath"):
        write_result(tmp_path / "result.npz", {"where": Path("/")})
    assert not list(tmp_path.iterdir())
