"""The page of recovery on every seed covers every regime, and its commands can be run as written."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import robustness  # noqa: E402

REGIMES = sorted(path.stem for path in (ROOT / "conf" / "simulation").glob("*.yaml"))


def row(value, ceiling=1.0, **more):
    return {
        "metrics": {"connectivity_R2": value, "oracle_connectivity_R2": ceiling, **more},
        "seconds": 6.0,
        "commit": "abc",
        "command": "python train.py",
    }


FAILED = {
    "failed": "The fit failed: it must beat linear.",
    "seconds": 6.0,
    "commit": "abc",
    "command": "python train.py",
}


def test_every_regime_is_a_case():
    assert set(REGIMES) <= set(robustness.cases())


def test_a_run_within_the_tolerance_of_its_own_ceiling_has_succeeded():
    stored = {"0": row(0.99), "1": row(0.70, ceiling=0.71), "2": row(0.70), "3": FAILED}
    found = robustness.table_row("signal_noisy", "recording", stored)
    assert (found["seeds"], found["success"], found["failed"], found["unannounced"]) == (4, "50%", 1, 1)
    assert found["worst"] == "0.7000"
    assert found["lowest ceiling"] == "0.7100"


def test_a_run_that_warned_is_not_unannounced():
    stored = {"0": row(0.93, fit_doubtful=1.0), "1": row(0.93, fit_doubtful=0.0), "2": row(0.99, fit_doubtful=1.0)}
    found = robustness.table_row("signal_low_rank", "recording", stored)
    assert (found["success"], found["doubtful"], found["unannounced"]) == ("33%", 1, 1)


def test_runs_that_failed_give_no_number_and_are_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(robustness, "RESULTS", tmp_path)
    monkeypatch.setattr(robustness, "STORE", tmp_path / "robustness")
    job = robustness.Job("signal_dale", "recording", 3, ())
    robustness._store(job, {"3": FAILED, "4": row(-0.18)})
    robustness.write_page()
    page = (tmp_path / "robustness.md").read_text()
    assert "signal_dale, recording, seed 3: The fit failed: it must beat linear." in page
    assert "signal_dale, recording, seed 4: connectivity_R2 -0.18" in page


def test_a_regime_is_told_with_its_ceiling_and_its_failures(monkeypatch):
    stored = {"0": row(0.76, ceiling=0.77), "1": row(0.70, ceiling=0.77), "2": FAILED}
    monkeypatch.setattr(robustness, "load", lambda *_: stored)
    words = "0.730 of 0.770; 1 of 3 seeds, 1 short, 1 failed"
    assert robustness.told("signal_noisy", "recording") == words


def test_a_stored_run_is_not_repeated_until_asked_after_another_commit():
    job = robustness.Job("signal_dale", "oracle derivative", 3, ())
    stored = {"3": {**row(1.0), "command": robustness.written(job)}}
    assert robustness._is_done(job, stored, "def", again=False)
    assert not robustness._is_done(job, stored, "def", again=True)
    assert not robustness._is_done(
        robustness.Job("signal_dale", "oracle derivative", 4, ()), stored, "abc", again=False
    )


def test_a_command_names_files_without_the_folders_of_a_machine():
    job = robustness.Job("flyvis_scenes", "recording", 0, ("simulation.connectome=/data/fly/eye.json",))
    assert robustness.written(job) == ("python train.py simulation=flyvis_scenes seed=0 simulation.connectome=eye.json")


@pytest.mark.skipif(not robustness.STORE.exists(), reason="no run is stored yet")
def test_stored_runs_are_of_regimes_that_exist_and_their_commands_compose(compose_config):
    for path in sorted(robustness.STORE.glob("*.json")):
        rows = json.loads(path.read_text())
        first = next(iter(rows.values()))
        python, script, *overrides = first["command"].split()
        assert (python, script) == ("python", "train.py")
        compose_config(*overrides)
