"""Jobs that are killed and sweepers that are killed: whose fault it is, and what goes on."""

import signal
import subprocess
import time

from toy_sweeps import command, events, executions, sweep, told

from programs import environment

FEW = ("hydra.sweeper.n_trials=4", "hydra.sweeper.confirm={n_seeds: 0}", "hydra.sweeper.seed=3")
KILLED = ("fault=kill", "fault_beyond=0.0", "hydra.sweeper.max_infra_retries=1")  # all but the baseline


def test_a_killed_job_of_one_slot_does_not_take_the_sweeper_along(tmp_path):
    sweep(tmp_path, *FEW, *KILLED, "hydra.sweeper.fail_fast=0")
    assert {state for _, state, _ in told(tmp_path)} == {"COMPLETED", "LOST"}
    assert len(told(tmp_path)) == 4
    lost = [event for event in events(tmp_path, "told") if event["state"] == "LOST"]
    assert {event["error"]["message"] for event in lost} == {
        "its process was killed by SIGKILL, perhaps for want of memory, and it left no result"
    }


def test_configurations_that_are_killed_again_and_again_are_failures_that_stop_a_sweep(tmp_path):
    every = (*FEW, *KILLED, "fault_beyond=-1")
    text = sweep(tmp_path, *every, "hydra.sweeper.fail_fast=2", expect=1)
    assert "the last 2 trials failed with the same error (LOST: its process was killed" in text
    text = sweep(
        tmp_path / "rate", *every, "hydra.sweeper.max_failure_rate=0.25", "hydra.sweeper.fail_fast=0", expect=1
    )
    assert "2 trials failed, more than max_failure_rate=0.25" in text


def killed_in_a_trial(folder, *overrides):
    """A sweep whose sweeper is killed while its first trial runs."""
    started = folder / "sweep" / "0" / "started.json"
    before = started.read_text() if started.exists() else ""
    process = subprocess.Popen(
        command(folder, *overrides), cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not started.exists() or started.read_text() == before:
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_killed_sweeper_charges_nobody(tmp_path):
    slow = (*FEW, "sleep=0.5", "hydra.sweeper.max_infra_retries=0")
    killed_in_a_trial(tmp_path, *slow)
    killed_in_a_trial(tmp_path, *slow)
    sweep(tmp_path, *slow)
    assert [state for _, state, _ in told(tmp_path)] == ["COMPLETED"] * 4
    assert [event["charged"] for event in events(tmp_path, "lost")] == [False, False]
    assert len(executions(tmp_path)) == 4


def test_a_job_in_the_sweepers_own_process_is_charged_since_it_may_have_ended_both(tmp_path):
    own = (*FEW, "sleep=0.5", "hydra.sweeper.max_infra_retries=1", "hydra.sweeper.dispatch=batch")
    killed_in_a_trial(tmp_path, *own)
    killed_in_a_trial(tmp_path, *own)
    sweep(tmp_path, *own)
    assert told(tmp_path)[0][:2] == (0, "LOST")
    assert [state for _, state, _ in told(tmp_path)[1:]] == ["COMPLETED"] * 3
