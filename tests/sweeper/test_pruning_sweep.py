"""Early stopping in whole sweeps, under each launcher."""

import subprocess
import time

import pytest
from reporting_sweeps import SPACE, command, steps, sweep, values

from hydra_llm import job
from programs import environment, events

MEDIAN = (SPACE, "hydra/sweeper/pruning=median", "hydra.sweeper.pruning.startup_trials=3")
PARALLEL = ("hydra.sweeper.n_parallel=2", "hydra.sweeper.pruning.watch_s=0.2", "pause=0.02")


def states(folder):
    return {event["number"]: event["state"] for event in events(folder, "told")}


def assert_pruned_by_the_median(folder, n_trials):
    """Some ran to the end, some were stopped, and each of these was worse than some that was not."""
    found = states(folder)
    pruned = {number for number, state in found.items() if state == "PRUNED"}
    assert len(found) == n_trials
    assert set(found.values()) == {"COMPLETED", "PRUNED"}
    best = max(v["x"] for number, v in values(folder).items() if number not in pruned)
    for number in pruned:
        assert steps(folder, number) < 20
        assert values(folder)[number]["x"] < best
    for number in set(found) - pruned:
        assert steps(folder, number) == 20


@pytest.mark.parametrize("raises", ["false", "true"])
def test_a_job_below_the_median_is_stopped_at_its_first_report(tmp_path, raises):
    """Whether the task returns what it has, or raises Stopped."""
    sweep(tmp_path / "s", *MEDIAN, "hydra.sweeper.n_trials=8", f"raises={raises}")
    assert_pruned_by_the_median(tmp_path / "s", 8)
    for event in events(tmp_path / "s", "told"):
        if event["state"] == "PRUNED":
            assert steps(tmp_path / "s", event["number"]) == 1
            assert event["value"] == values(tmp_path / "s")[event["number"]]["x"]  # the only report
            assert event["error"]["type"] == "Pruned"


def test_without_a_rule_every_job_runs_to_its_end_and_its_reports_are_kept(tmp_path):
    sweep(tmp_path / "s", SPACE, "hydra.sweeper.n_trials=2")
    assert set(states(tmp_path / "s").values()) == {"COMPLETED"}
    assert [steps(tmp_path / "s", number) for number in range(2)] == [20] * 2
    assert not (tmp_path / "s" / job.LIMITS_NAME).exists()


def test_asha_stops_at_rungs(tmp_path):
    rule = (
        SPACE,
        "hydra/sweeper/pruning=asha",
        "hydra.sweeper.pruning.first_rung=2",
        "hydra.sweeper.pruning.startup_trials=2",
    )
    sweep(tmp_path / "s", *rule, "hydra.sweeper.n_trials=8")
    stopped = [number for number, state in states(tmp_path / "s").items() if state == "PRUNED"]
    assert stopped
    assert {steps(tmp_path / "s", number) for number in stopped} <= {3, 7, 19}  # steps 2, 6, 18, counted from 0


def test_grid_mode_records_reports_and_stops_nothing(tmp_path):
    sweep(tmp_path / "s", "hydra.sweeper.mode=grid", "x=0.9,0.8,0.1")
    assert [steps(tmp_path / "s", number) for number in range(3)] == [20] * 3


def test_a_job_is_stopped_by_hand_with_an_empty_file(tmp_path):
    folder = tmp_path / "s"
    process = subprocess.Popen(
        command(folder, SPACE, "hydra.sweeper.n_trials=1", "n_steps=10000", "pause=0.02"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while steps(folder, 0) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        (folder / "0" / job.STOP_NAME).touch()
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert states(folder) == {0: "PRUNED"}
    assert "stopped by hand" in (folder / "analysis.md").read_text()


def test_a_job_that_runs_too_long_is_stopped_and_the_others_are_told_why(tmp_path):
    limit = "hydra.sweeper.pruning.max_minutes=0.005"  # 0.3 s
    text = sweep(tmp_path / "s", SPACE, limit, "hydra.sweeper.n_trials=2", "n_steps=10000", "pause=0.02")
    assert set(states(tmp_path / "s").values()) == {"PRUNED"}
    assert "it ran for more than 0.005 minutes (pruning.max_minutes); make the next one lighter" in text


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_jobs_side_by_side_in_drivers_are_stopped(tmp_path, launcher):
    sweep(tmp_path / "s", f"hydra/launcher={launcher}", *MEDIAN, *PARALLEL, "hydra.sweeper.n_trials=8")
    assert_pruned_by_the_median(tmp_path / "s", 8)


@pytest.mark.slow
def test_a_batch_of_joblib_workers_is_stopped(tmp_path):
    batch = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.dispatch=batch")
    sweep(tmp_path / "s", *batch, *MEDIAN, *PARALLEL, "hydra.sweeper.n_trials=8")
    assert_pruned_by_the_median(tmp_path / "s", 8)


@pytest.mark.slow
def test_jobs_of_submitit_are_stopped(tmp_path):
    pytest.importorskip("submitit", reason="the submitit extra is not installed")
    sweep(tmp_path / "s", "hydra/launcher=submitit_local", *MEDIAN, *PARALLEL, "hydra.sweeper.n_trials=6")
    assert_pruned_by_the_median(tmp_path / "s", 6)


def test_a_wrong_setting_ends_with_a_sentence(tmp_path):
    text = sweep(tmp_path / "s", SPACE, "hydra.sweeper.pruning.startup_trials=many", expect=1)
    assert "hydra.sweeper.pruning.startup_trials must be a whole number, got 'many'." in text
    assert "Traceback" not in text
