"""What the rules let pass is contained: a process of its own, with limits, on made-up data."""

import re

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.code.errors import CodeError
from hydra_llm.code.trial_run import RunLimits, run_interface_test

TEST = "hydra_llm.training.strategy_check.check_strategy"


def found(tmp_path, body, limits=None, head="import torch\n"):
    path = tmp_path / "mine.py"
    path.write_text(f"{head}class Mine:\n    def loss(self, model, batch, step):\n        {body}\n")
    return run_interface_test(TEST, path, limits or RunLimits(seconds=120.0))


def test_a_strategy_that_works_has_no_problem(tmp_path):
    body = "print('noise')\n        return step.configured() + model(batch.state(), batch.input()).pow(2).mean()"
    assert found(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return step.configured() * float('nan')", "not a finite number"),
        ("return step.configured().detach()", "does not depend on the network"),
        ("return (0.0 * model.W).sum()", "No parameter of the network gets a gradient"),
        ("return step.configured() + model.truth[0]", "changes when the truth is permuted"),
        ("return step.configured() + batch.labels", "AttributeError: 'Batch' object has no attribute 'labels'"),
        ("return step.configured() + open('/etc/hostname').read()", "may not open files"),
        ("torch.save(batch.activity, 'x'); return step.configured()", "may not open files|Error"),
        ("import os; os.system('true'); return step.configured()", "may not use os.system"),
        ("import socket; socket.create_connection(('127.0.0.1', 9)); return step.configured()", "may not use socket"),
        ("torch.empty(50 * 10**9 // 4).fill_(1); return step.configured()", "more than 2000 MB of memory"),
        ("bytearray(50 * 10**9); return step.configured()", "more than 2000 MB of memory"),
        ("with torch.no_grad():\n            model.W.zero_()\n        return step.configured()", "changes the network"),
        ("import os; os._exit(0)", "ended the process that tested it"),
        ("return step.nothing", "Line 4: StrategyError: .*AttributeError"),
    ],
)
def test_what_goes_wrong_on_tiny_data_is_a_sentence(tmp_path, body, said):
    problems = found(tmp_path, body)
    assert len(problems) == 1
    assert re.search(said, problems[0]), problems


def test_a_loop_that_never_ends_is_ended(tmp_path):
    [problem] = found(tmp_path, "\n        while True:\n            pass", RunLimits(seconds=20.0))
    assert "did not end within 20 s" in problem


def test_nothing_of_the_environment_reaches_the_code(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "secret")
    body = "import os; assert 'MY_API_KEY' not in os.environ; return step.configured()"
    assert found(tmp_path, body) == []


def test_a_test_that_does_not_exist_says_nothing_of_the_code(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("")
    with pytest.raises(CodeError, match=r"interface_test=nowhere\.test cannot be imported"):
        run_interface_test("nowhere.test", path)
