"""Everything that can go wrong in a job, under each launcher: the sweep finishes and says what happened."""

import importlib.util

import pytest
from dispatch_sweeps import check_invariants, run_app
from toy_app.faults import FAULTS
from toy_sweeps import events

SETTINGS = (
    f"hydra.sweeper.n_trials={len(FAULTS)}",
    "hydra.sweeper.n_parallel=2",
    "hydra.sweeper.max_infra_retries=1",
    "hydra.sweeper.max_failure_rate=1.0",
    "hydra.sweeper.job_timeout_s=4",
)
EXPECTED = {
    "none": ("COMPLETED", ""),
    "raise": ("FAILED", "as it was told"),
    "nan": ("INVALID", "nan"),
    "exit": ("LOST", ""),
    "kill": ("LOST", ""),
    "sleep": ("TIMEOUT", "stopped after job_timeout_s=4 s"),
    "disk": ("FAILED", "File too large"),
    "garbage": ("COMPLETED", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local"])
def test_every_fault_ends_in_its_own_state_and_the_sweep_finishes(tmp_path, launcher):
    package = {"joblib": "hydra_joblib_launcher", "submitit_local": "hydra_submitit_launcher"}.get(launcher)
    if package and importlib.util.find_spec(f"hydra_plugins.{package}") is None:
        pytest.skip(f"{package} is not installed")
    text = run_app(
        "faults.py", tmp_path, f"hydra/launcher={launcher}", "runs_file=" + str(tmp_path / "runs.txt"), *SETTINGS
    )
    check_invariants(tmp_path, len(FAULTS))
    told = {event["number"]: event for event in events(tmp_path, "told")}
    for number, fault in enumerate(FAULTS):
        state, words = EXPECTED[fault]
        assert told[number]["state"] == state, (fault, told[number])
        error = told[number]["error"] or {"message": ""}
        assert words in error["message"].lower() or words in error["message"]
        assert f"] trial {number} {'value=' if state == 'COMPLETED' else f'{state}: '}" in text
    runs = [line.split() for line in (tmp_path / "runs.txt").read_text().splitlines()]
    counts = {fault: sum(row[1] == fault for row in runs) for fault in FAULTS}
    assert counts == {fault: 2 if fault in ("exit", "kill") else 1 for fault in FAULTS}


@pytest.mark.slow
def test_a_killed_forked_job_is_named_with_its_signal_and_exit_code(tmp_path):
    run_app("faults.py", tmp_path, *SETTINGS)
    messages = {event["number"]: (event["error"] or {}).get("message", "") for event in events(tmp_path, "told")}
    assert "ended with exit code 7" in messages[FAULTS.index("exit")]
    assert "killed by SIGKILL" in messages[FAULTS.index("kill")]
