"""A task that leaves by what Hydra lets pass says so in its folder."""

import json
import pickle
from types import SimpleNamespace

import cloudpickle
import pytest
from hydra.core.hydra_config import HydraConfig

from hydra_llm.sweeper.job.marked_end import MarkedEnd


@pytest.fixture
def folder(tmp_path, monkeypatch):
    runtime = SimpleNamespace(runtime=SimpleNamespace(output_dir=str(tmp_path)))
    monkeypatch.setattr(HydraConfig, "get", staticmethod(lambda: runtime))
    (tmp_path / "started.json").write_text('{"number": 4}')
    return tmp_path


def leaving(error):
    def task(config):
        raise error

    return MarkedEnd(task)


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt()])
def test_an_end_that_hydra_lets_pass_is_marked_and_passed_on(folder, error):
    with pytest.raises(type(error)):
        leaving(error)({})
    assert json.loads((folder / "started.json").read_text()) == {"number": 4, "ended_by": type(error).__name__}


def test_an_exception_of_the_task_marks_nothing(folder):
    with pytest.raises(ValueError, match="as told"):
        leaving(ValueError("as told"))({})
    assert json.loads((folder / "started.json").read_text()) == {"number": 4}


def test_an_end_passes_where_it_cannot_be_marked(folder):
    (folder / "started.json").unlink()
    with pytest.raises(SystemExit):
        leaving(SystemExit(2))({})


def named(config):
    """What it says."""
    return config


def test_the_task_keeps_its_name_and_travels_to_other_processes():
    marked = MarkedEnd(named)
    assert (marked.__name__, marked.__module__, marked.__doc__) == ("named", __name__, "What it says.")
    assert pickle.loads(pickle.dumps(marked))(5) == 5
    assert pickle.loads(cloudpickle.dumps(leaving(SystemExit(2)))).__name__ == "task"
