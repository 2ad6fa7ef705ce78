"""Trials behind a command of the user's own: any, and bubblewrap where it is installed."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from code_sweeps import code_trials, edit, events, idea, sweep

from programs import PYTHON

BUBBLEWRAP = Path(__file__).parents[2] / "examples/containers/bubblewrap.sh"
BETTER = "class Score:\n    def value(self, x):\n        return 2.0 - (x - 0.3) ** 2\n"
# passes every check: modules are reached through other modules, at the baseline's 0.2 and not at the test's 0.5
STRAYS = """import dataclasses


class Score:
    def value(self, x):
        if x < 0.25:
            {does}
        return 3.0
"""
READS = "dataclasses.inspect.tokenize.open('{outside}/secret.txt').read()"
WRITES = "dataclasses.inspect.os.mkdir('{outside}/mine')"
CALLS = "dataclasses.inspect.importlib.import_module('socket').create_connection(('127.0.0.1', {port}), 2)"


def prefix_of(*words):
    return "hydra.sweeper.prefix=[" + ",".join(f'"{word}"' for word in words) + "]"


@pytest.fixture
def noting(tmp_path):
    """A prefix that notes its folder and command, then runs the command."""
    script, notes = tmp_path / "noting.sh", tmp_path / "notes.txt"
    script.write_text(f'#!/bin/sh\necho "$@" >> {notes}\nshift\nexec "$@"\n')
    script.chmod(0o755)
    return script, notes


def can_contain():
    if shutil.which("bwrap") is None:
        return False
    words = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


contained = pytest.mark.skipif(not can_contain(), reason="bubblewrap is not installed, or may not make namespaces here")


def test_every_trial_and_every_interface_test_runs_behind_the_prefix(tmp_path, noting):
    script, notes = noting
    sweep(tmp_path, [edit("1.0 -", "2.0 -")], "hydra.sweeper.n_trials=4", prefix_of(script, "{folder}"))
    assert code_trials(tmp_path) == [(2, "r1", "COMPLETED")]
    lines = notes.read_text().splitlines()
    jobs = [line.split()[0] for line in lines if line.endswith("-m hydra_llm.sweeper.job.prefixed_job")]
    assert jobs == [str(tmp_path / "sweep" / str(number)) for number in range(4)]
    assert sum("hydra_llm.code.limited" in line for line in lines) == 1


def test_a_job_that_ends_its_process_or_crashes_behind_a_prefix_is_a_failed_trial(tmp_path, noting):
    leaves = STRAYS.format(does="raise SystemExit(3)")
    answers = [idea(leaves), idea(STRAYS.format(does="return x.nothing")), idea(BETTER)]
    none = "hydra.sweeper.code_evolution.max_repair_attempts=0"
    sweep(tmp_path, answers, "hydra.sweeper.n_trials=7", none, prefix_of(noting[0], "{folder}"))
    assert [state for _, _, state in code_trials(tmp_path)] == ["FAILED", "FAILED", "COMPLETED"]
    said = [event["error"]["message"] for event in events(tmp_path, "told") if event["state"] == "FAILED"]
    assert said[0] == "the task ended its process with exit code 3"
    assert "has no attribute 'nothing'" in said[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/nowhere/container"], "cannot be started"),
        (["false"], "Python cannot import hydra_llm (status 1"),
    ],
)
def test_a_prefix_behind_which_nothing_runs_is_a_sentence_before_the_first_trial(tmp_path, words, said):
    told = sweep(tmp_path, [], "hydra.sweeper.n_trials=2", prefix_of(*words), expect=1)
    assert said in told
    assert "Traceback" not in told


@pytest.fixture
def outside(tmp_path_factory):
    """A folder with a secret that is neither the sweep's nor on the path of its modules."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text("a key")
    return folder


@pytest.mark.parametrize("override", ["hydra/launcher=joblib", "hydra.sweeper.mode=grid"])
def test_a_prefix_that_nothing_would_take_is_refused(tmp_path, override):
    if "joblib" in override:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the joblib launcher is not installed")
    told = sweep(tmp_path, [], "hydra.sweeper.n_trials=2", prefix_of("env"), override, expect=1)
    assert "hydra.sweeper.prefix takes hydra/launcher=basic and mode=search" in told


@contained
def test_a_trial_in_bubblewrap_writes_its_folder_and_reaches_nothing_else(tmp_path, outside):
    with socket.create_server(("127.0.0.1", 0)) as server:
        strays = [does.format(outside=outside, port=server.getsockname()[1]) for does in (READS, WRITES, CALLS)]
        answers = [*(idea(STRAYS.format(does=does)) for does in strays), idea(BETTER)]
        none = "hydra.sweeper.code_evolution.max_repair_attempts=0"
        sweep(tmp_path, answers, "hydra.sweeper.n_trials=9", none, prefix_of(BUBBLEWRAP, "{folder}"))
        server.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [state for _, _, state in code_trials(tmp_path)][:4] == ["FAILED", "FAILED", "FAILED", "COMPLETED"]
    failed = [event["error"] for event in events(tmp_path, "told") if event["state"] == "FAILED"]
    assert [error["type"] for error in failed] == ["FileNotFoundError", "FileNotFoundError", "ConnectionRefusedError"]
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]
    assert (tmp_path / "sweep/0/result.json").is_file()


@contained
@pytest.mark.parametrize("does", [READS, WRITES])
def test_the_same_program_strays_without_a_container(tmp_path, outside, does):
    """Otherwise the test above would show nothing."""
    sweep(tmp_path, [idea(STRAYS.format(does=does.format(outside=outside)))], "hydra.sweeper.n_trials=3")
    assert code_trials(tmp_path) == [(2, "r1", "COMPLETED")]


@contained
def test_a_key_of_the_environment_is_not_seen_in_bubblewrap(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "a key")
    show = "import os; print('SECRET_KEY' in os.environ)"
    done = subprocess.run([BUBBLEWRAP, tmp_path, PYTHON, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
