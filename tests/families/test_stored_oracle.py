"""What an oracle found is computed once per recording and target, whoever asks, and never read by a fit."""

import logging
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from omegaconf import OmegaConf  # noqa: E402

from hydra_llm.data.dataset import Dataset  # noqa: E402
from hydra_llm.families.evaluation import OracleReport  # noqa: E402
from hydra_llm.families.stored_oracle import oracle_of  # noqa: E402

FAMILY: Any = SimpleNamespace(oracle_keys=("target",))


class CountingEvaluator:
    """Answers with the number of the call."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls, self._seconds = 0, seconds

    def oracle(self):
        self.calls += 1
        time.sleep(self._seconds)
        return OracleReport(torch.tensor([self.calls]), {"oracle": float(self.calls)}, f"Call {self.calls}.")


@pytest.fixture
def ask(tmp_path):
    (tmp_path / "data").mkdir()

    def make(evaluator: Any, family: Any = FAMILY, **keys: str):
        training = OmegaConf.create({"target": "auto", **keys})
        return oracle_of(Dataset(tmp_path / "data"), evaluator, family, training)

    return make


def stored(folder):
    return list((folder / "data" / "oracle_reports").glob("*"))


def test_a_second_run_reads_what_the_first_one_found(ask, tmp_path):
    evaluator = CountingEvaluator()
    first, second = ask(evaluator), ask(evaluator)
    assert evaluator.calls == 1
    assert (second.scores, second.sentence) == (first.scores, first.sentence)
    assert torch.equal(second.found, first.found)
    assert len(stored(tmp_path)) == 1


def test_another_target_has_another_answer_and_other_keys_have_the_same(ask):
    evaluator = CountingEvaluator()
    ask(evaluator, max_steps=1)
    ask(evaluator, max_steps=2)
    assert evaluator.calls == 1
    assert ask(evaluator, target="drift").scores == {"oracle": 2.0}
    assert ask(evaluator).scores == {"oracle": 1.0}


def test_another_version_of_the_code_asks_again(ask, monkeypatch):
    evaluator = CountingEvaluator()
    ask(evaluator)
    monkeypatch.setattr("hydra_llm.families.stored_oracle.source_hash", lambda *folders: "other sources")
    ask(evaluator)
    assert evaluator.calls == 2


def test_a_damaged_answer_is_found_again_with_a_warning(ask, tmp_path, caplog):
    evaluator = CountingEvaluator()
    ask(evaluator)
    (file,) = stored(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.WARNING):
        assert ask(evaluator).scores == {"oracle": 2.0}
    assert "cannot be read" in caplog.text
    assert "computed again" in caplog.text
    assert ask(evaluator).scores == {"oracle": 2.0}  # the new one is whole
    assert evaluator.calls == 2


def test_runs_that_ask_at_once_share_one_computation(ask, tmp_path):
    evaluator = CountingEvaluator(seconds=0.2)
    found = []
    runs = [threading.Thread(target=lambda: found.append(ask(evaluator))) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert evaluator.calls == 1
    assert [report.scores for report in found] == [{"oracle": 1.0}] * 4
    assert len(stored(tmp_path)) == 1  # and nothing half written


def test_a_folder_that_cannot_be_written_costs_the_sharing_and_not_the_run(ask, monkeypatch, caplog):
    def refuse(*_):
        raise OSError("read-only file system")

    monkeypatch.setattr("hydra_llm.families.stored_oracle.write_result", refuse)
    evaluator = CountingEvaluator()
    with caplog.at_level(logging.WARNING):
        assert ask(evaluator).scores == {"oracle": 1.0}
    assert "read-only file system" in caplog.text


def test_a_family_without_oracle_keys_asks_in_every_run(ask, tmp_path):
    evaluator = CountingEvaluator()
    for _ in range(2):
        ask(evaluator, family=SimpleNamespace(oracle_keys=None))
    assert evaluator.calls == 2
    assert not stored(tmp_path)
