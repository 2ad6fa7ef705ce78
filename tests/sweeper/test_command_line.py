"""The commands that a sweep prints and records run what it ran."""

import shlex
import sys
from importlib.machinery import ModuleSpec

import pytest

from hydra_llm.sweeper.command_line import repeat_command, resume_command
from programs import PYTHON, events, run

TRAIN = """import hydra
from .scores import score

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    print("score", score(cfg))
    return {"score": score(cfg)}

if __name__ == "__main__":
    main()
"""
CONFIG = """defaults: [_self_, override hydra/sweeper: llm_ucb]
x: 0.5
scale: %d
hydra: {sweeper: {n_trials: 2, metric: score, proposer: random, params: {x: 'interval(0, 1)'}}}
"""


@pytest.fixture
def called(monkeypatch):
    """The program as it was called: its words, and the name of its module under `python -m`."""

    def call(*words, module=None):
        monkeypatch.setattr(sys, "argv", list(words))
        spec = None if module is None else ModuleSpec(module, None, origin=words[0])
        monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)

    return call


def test_a_repeated_run_reads_the_configuration_that_the_sweep_read(called):
    called("app.py", "-m", "-cn", "other", "--config-dir=my conf", "x=1")
    assert repeat_command(["x=0.3"]) == "python app.py --config-name=other '--config-dir=my conf' x=0.3 hydra.mode=RUN"


@pytest.mark.parametrize(
    ("module", "program"),
    [
        ("pkg.train", "python -m pkg.train"),
        ("pkg.__main__", "python -m pkg"),
        ("__main__", "python /code/pkg/train.py"),  # a folder or an archive, called as a program
        (None, "python /code/pkg/train.py"),
    ],
)
def test_a_module_is_called_by_its_name_again(called, module, program):
    called("/code/pkg/train.py", "-m", "x=1", module=module)
    assert repeat_command(["x=0.3"]) == f"{program} x=0.3 hydra.mode=RUN"
    assert resume_command("s") == f"{program} -m x=1 hydra.sweep.dir=s"


def test_a_program_that_another_module_runs_keeps_its_own_name(called, monkeypatch):
    called("/bin/profiler/__main__.py", module="profiler.__main__")
    monkeypatch.setattr(sys, "argv", ["app.py"])
    assert repeat_command([]) == "python app.py hydra.mode=RUN"


def test_the_command_of_the_best_trial_gives_its_value_again_under_another_configuration_and_module(tmp_path):
    (tmp_path / "pkg" / "conf").mkdir(parents=True)
    (tmp_path / "pkg" / "train.py").write_text(TRAIN)
    (tmp_path / "pkg" / "scores.py").write_text("def score(cfg):\n    return cfg.scale * cfg.x\n")
    for name, scale in (("config", 1), ("other", 100)):
        (tmp_path / "pkg" / "conf" / f"{name}.yaml").write_text(CONFIG % scale)
    run([PYTHON, "-m", "pkg.train", "-m", "-cn", "other", "hydra.sweep.dir=s"], tmp_path)
    results = (tmp_path / "s" / "optimization_results.yaml").read_text()
    assert "python -m pkg.train --config-name=other" in results
    command = run([PYTHON, "-m", "hydra_llm.cli", "best", "--command", "s"], tmp_path).splitlines()[0]
    best = max(told["value"] for told in events(tmp_path / "s", "told"))
    assert best >= 50
    assert f"score {best}" in run([PYTHON, *shlex.split(command)[1:]], tmp_path)
